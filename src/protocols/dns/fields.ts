// Keys of DNS messages and of the details of DNS activities.
import { defineFields } from '../fields.ts';

export const recordFields = defineFields({
  name: ['string', 'RFC 1035 4.1.3', 'Owner.'],
  type: ['string', 'RFC 1035 4.1.3', 'Type.'],
  ttl: ['integer', 'RFC 1035 4.1.3', 'Seconds to live.'],
  data: ['string', 'RFC 1035 4.1.3', 'Data in presentation form.'],
});

const updateFields = defineFields({
  action: ['string', 'RFC 2136 2.5', 'add, delete-rrset, delete-name or delete-rr.'],
  name: ['string', 'RFC 2136 2.5', 'Owner.'],
  type: ['string', 'RFC 2136 2.5', 'Type.'],
  data: ['string', 'RFC 2136 2.5', 'Data in presentation form.'],
});

export const messageFields = defineFields({
  id: ['integer', 'RFC 1035 4.1.1', 'Identification.'],
  response: ['integer', 'RFC 1035 4.1.1', '1 in a response, 0 in a query.'],
  opcode: ['integer', 'RFC 1035 4.1.1', 'Kind of query.'],
  rcode: ['integer', 'RFC 1035 4.1.1', 'Response code, in responses.'],
  flags: ['integer', 'RFC 1035 4.1.1', 'The 16 bits of the second header word.'],
  qname: ['string', 'RFC 1035 4.1.2', 'Name asked for; the zone in updates; empty for the root.'],
  qtype: ['integer', 'RFC 1035 4.1.2', 'Type asked for.'],
  qclass: ['integer', 'RFC 1035 4.1.2', 'Class asked for.'],
  answers: ['integer', 'RFC 1035 4.1.1', 'Records in the answer section, as the header says.'],
  authorities: ['integer', 'RFC 1035 4.1.1', 'Records in the authority section.'],
  additionals: ['integer', 'RFC 1035 4.1.1', 'Records in the additional section.'],
  records: ['object[]', 'RFC 1035 4.1.3', 'Records of the answer section.', recordFields],
});

export const detailFields = defineFields({
  id: ['integer', 'RFC 1035 4.1.1', 'Identification.'],
  opcode: ['string', 'RFC 1035 4.1.1', 'Kind of query, where it is not QUERY.'],
  qtype: ['string', 'RFC 1035 4.1.2', 'Type asked for.'],
  qclass: ['string', 'RFC 1035 4.1.2', 'Class asked for, where it is not IN.'],
  rcode: ['string', 'RFC 1035 4.1.1', 'Response code.'],
  flags: ['string[]', 'RFC 1035 4.1.1', 'aa, tc, rd, ra, ad, cd of the response (of the query when unanswered).'],
  answers: ['object[]', 'RFC 1035 4.1.3', 'Records of the answer section.', recordFields],
  answerCount: ['integer', 'RFC 1035 4.1.1', 'Records in the answer section.'],
  updates: ['object[]', 'RFC 2136 2.5', 'Changes asked for.', updateFields],
  prerequisites: ['integer', 'RFC 2136 2.4', 'Prerequisites of the update.'],
  signed: ['string', 'RFC 8945 4.2', 'Name of the key that signed the request (TSIG).'],
  edns: ['integer', 'RFC 6891 6.2.3', 'UDP payload size that the requestor accepts.'],
  messages: ['integer', 'RFC 5936 2.2', 'Messages of the transfer.'],
  records: ['integer', 'RFC 5936 2.2', 'Records of the transfer.'],
  retransmissions: ['integer', 'adtap', 'Repetitions of the query.'],
});

export const updateItemFields = updateFields;
