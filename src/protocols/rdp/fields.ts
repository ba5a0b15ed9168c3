// Keys of RDP messages: what is said before TLS.
import { defineFields } from '../fields.ts';

export const messageFields = defineFields({
  type: ['string', 'X.224 13', 'connection-request or connection-confirm.'],
  cookie: ['string', 'MS-RDPBCGR 2.2.1.1', 'Routing token or cookie, which often names the user (mstshash).'],
  requested: ['string[]', 'MS-RDPBCGR 2.2.1.1.1', 'Kinds of security that the client offers; `rdp` is the old one.'],
  selected: ['string', 'MS-RDPBCGR 2.2.1.2.1', 'Kind of security that the server chose.'],
  failure: ['string', 'MS-RDPBCGR 2.2.1.2.2', 'Why the server refuses.'],
});
