// Keys of NetBIOS datagrams and of the browser announcements in them.
import { defineFields } from '../fields.ts';

export const messageFields = defineFields({
  id: ['integer', 'RFC 1002 4.4.1', 'Datagram id.'],
  type: ['string', 'RFC 1002 4.4.1', 'direct-unique, direct-group or broadcast.'],
  sourceIp: ['string', 'RFC 1002 4.4.1', 'Address that the sender gives as its own.'],
  source: ['string', 'RFC 1002 4.4.2', 'Name of the sender, with its suffix.'],
  destination: ['string', 'RFC 1002 4.4.2', 'Name of the receiver, with its suffix.'],
  mailslot: ['string', 'MS-MAIL 2.2.1', 'Mailslot written to.'],
  command: ['string', 'MS-BRWS 2.2', 'What a browser message is.'],
  server: ['string', 'MS-BRWS 2.2', 'Computer, or domain, that a browser message names.'],
  version: ['string', 'MS-BRWS 2.2', 'Major and minor version of the system announced.'],
  serverType: ['integer', 'MS-BRWS 2.2', 'Kinds of server announced, as bits.'],
  comment: ['string', 'MS-BRWS 2.2', 'Comment; the local master browser in a domain announcement.'],
});
