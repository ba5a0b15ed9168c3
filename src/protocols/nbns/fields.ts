// Keys of NetBIOS name service messages.
import { defineFields } from '../fields.ts';

export const nameFields = defineFields({
  name: ['string', 'RFC 1002 4.2.18', 'Name with its suffix.'],
  group: ['boolean', 'RFC 1002 4.2.18', 'Whether it is the name of a group.'],
});

export const messageFields = defineFields({
  id: ['integer', 'RFC 1002 4.2.1.1', 'Transaction id.'],
  response: ['integer', 'RFC 1002 4.2.1.1', '1 in a response, 0 in a request.'],
  opcode: ['integer', 'RFC 1002 4.2.1.1', 'Kind of request.'],
  rcode: ['integer', 'RFC 1002 4.2.1.1', 'Response code, in responses.'],
  name: ['string', 'RFC 1002 4.2.1.2', 'Name that it is about, with its suffix.'],
  type: ['string', 'RFC 1002 4.2.1.2', 'NB or NBSTAT.'],
  addresses: ['string[]', 'RFC 1002 4.2.2', 'Addresses registered or answered.'],
  group: ['boolean', 'RFC 1002 4.2.2', 'Whether the name registered or answered is that of a group.'],
  names: ['object[]', 'RFC 1002 4.2.18', 'Names of a node status response.', nameFields],
  mac: ['string', 'RFC 1002 4.2.18', 'Unit id of a node status response.'],
});
