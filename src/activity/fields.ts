// The fixed fields of every line: the house's own vocabulary, in the order in which they are written.
import { defineFields } from '../protocols/fields.ts';

/** `v` of every line: raised when a field changes its meaning or goes. */
export const SCHEMA_VERSION = 1;

export const messageEnvelope = defineFields({
  frame: ['integer', 'adtap', '1-based number of the frame that completes the message.'],
  proto: ['string', 'adtap', 'Protocol of the message.'],
  src: ['string', 'adtap', 'Address of the sender, innermost where tunnelled.'],
  sport: ['integer', 'adtap', 'Port of the sender.'],
  dst: ['string', 'adtap', 'Address of the receiver.'],
  dport: ['integer', 'adtap', 'Port of the receiver.'],
});

const endpoint = defineFields({
  ip: ['string', 'adtap', 'Address.'],
  port: ['integer', 'adtap', 'Port.'],
  computer: ['string', 'adtap', 'Computer that had the address at that time, if known; null otherwise.'],
  certainty: ['string', 'adtap', '`high` or `low`: how certain that is (docs/nnr.md); left out where `computer` is null.'],
});

const account = defineFields({
  name: ['string', 'adtap', 'Account name as the protocol spelled it.'],
  domain: ['string', 'adtap', 'Domain or realm; empty when the protocol named none.'],
  kind: ['string', 'adtap', '`user`, `computer` (the name ends in $), `service` (the name has an instance) or `anonymous`.'],
  via: [
    'string',
    'adtap',
    '`ticket` or `session` when the packets of this activity did not name the account themselves; never `session` at a logon.',
  ],
});

export const activityEnvelope = defineFields({
  v: ['integer', 'adtap', 'Schema version.'],
  kind: ['string', 'adtap', '`activity` or `entity`.'],
  type: ['string', 'adtap', 'What happened.'],
  time: ['string', 'RFC 3339', 'Time of the first message, in nanoseconds, UTC.'],
  frame: ['integer', 'adtap', 'Frame that finished the activity: the answer, or the frame at which it was known that none came.'],
  sensor: ['string', 'adtap', 'Name of the sensor.'],
  protocol: ['string', 'adtap', 'Protocol that the activity is about.'],
  carrier: [
    'string',
    'adtap',
    'Protocol that carried it (smb, ldap, http, dcerpc …); null when it went over the transport itself.',
  ],
  transport: ['string', 'adtap', '`tcp` or `udp`.'],
  source: ['object', 'adtap', 'Who asked.', endpoint],
  destination: ['object', 'adtap', 'Who was asked.', endpoint],
  account: ['object', 'adtap', 'Account that acted, if known; null otherwise.', account],
  target: ['string', 'adtap', 'Service principal, account, host or object acted on; null when there is none.'],
  outcome: ['string', 'adtap', '`success`, `failure` or `unanswered`.'],
  reason: ['string', 'adtap', 'Why it failed, in the name that the protocol gives it; null otherwise.'],
  durationMs: ['number', 'adtap', 'Milliseconds from the first message to the answer; null when unanswered.'],
  mdi: ['string', 'MDI monitored activities', 'The Defender for Identity activity it stands for; null when there is none.'],
  details: ['object', 'adtap', 'What else the protocol told; its fields depend on the type.'],
});

export const endpointFields = endpoint;
export const accountFields = account;

/** Fields that the house itself writes into `details`. */
export const houseDetails = defineFields({
  coverage: ['string', 'adtap', '`partial` when the sensor was shedding traffic to spare the machine; left out when it was not.'],
  firstFrame: ['integer', 'adtap', 'Frame of the first message, where it is not `frame`.'],
});
