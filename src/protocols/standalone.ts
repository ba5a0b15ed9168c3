// The conversation of protocols on datagrams whose messages stand for themselves: nothing is kept between them, so one serves all
// flows.
import type { Conversation } from './contract.ts';

/** `data` is the conversation's own, called without anything in between. */
export const standalone = (data: Conversation['data']): Conversation => ({
  isIdle: true,
  want: () => 1,
  data,
  gap: () => true,
  close: () => undefined,
});
