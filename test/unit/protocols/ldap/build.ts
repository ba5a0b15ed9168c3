// BER laid by hand (X.690 8.1), for messages that no encoder of ours has touched.

/** One element: tag, length in as few bytes as it takes, contents. */
export function tlv(tag: number, ...contents: readonly (Uint8Array | readonly number[])[]): Buffer {
  const inside = Buffer.concat(contents.map((one) => Uint8Array.from(one)));
  const { length } = inside;
  const lengths = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...lengths), inside]);
}

/** An element that holds text. */
export const raw = (tag: number, text: string): Buffer => tlv(tag, Buffer.from(text, 'utf8'));
export const octets = (text: string): Buffer => raw(0x04, text);
