// Keys of DHCP messages.
import { defineFields } from '../fields.ts';

export const messageFields = defineFields({
  type: ['string', 'RFC 2132 9.6', 'DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE or INFORM; BOOTP without one.'],
  xid: ['integer', 'RFC 2131 2', 'Transaction id.'],
  clientMac: ['string', 'RFC 2131 2', 'Hardware address of the client, where it is a MAC address.'],
  clientAddress: ['string', 'RFC 2131 2', 'Address that the client already has (ciaddr).'],
  yourAddress: ['string', 'RFC 2131 2', 'Address that the server gives (yiaddr).'],
  requestedAddress: ['string', 'RFC 2132 9.1', 'Address asked for.'],
  server: ['string', 'RFC 2132 9.7', 'Server that the client chose, or that answers.'],
  leaseSeconds: ['integer', 'RFC 2132 9.2', 'Duration of the lease.'],
  hostName: ['string', 'RFC 2132 3.14', 'Name of the client.'],
  fqdn: ['string', 'RFC 4702 2', 'Fully qualified name of the client.'],
  domain: ['string', 'RFC 2132 3.17', 'Domain that the server gives.'],
  vendorClass: ['string', 'RFC 2132 9.13', 'What the client says of its kind.'],
});
