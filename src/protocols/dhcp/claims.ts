// What DHCP tells of addresses: who asks for one, who gets one, who gives it back (RFC 2131 3.1, 4.4.6).
import { u32be } from '../../bytes/read.ts';
import { macText } from '../../bytes/text.ts';
import type { Context } from '../contract.ts';
import * as types from './names.ts';
import type { DhcpMessage } from './wire.ts';

const RELEASE = 'dhcp-release';

/** Labels of a host name (RFC 1123 2.1) and the underscore that Windows allows. */
const HOST = /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*\.?$/;

export function claimLease(message: DhcpMessage, context: Context): void {
  const { bytes } = message;
  const { at, method } = leaseOf(message);
  if (at === 0 || u32be(bytes, at) === 0) return;
  if (method === RELEASE) {
    context.claims.end(bytes, at, 4, method, context);
    return;
  }
  const mac = message.macAt === 0 ? '' : macText(bytes, message.macAt);
  const given = nameOf(message);
  const name = HOST.test(given) ? given : '';
  const dot = name.indexOf('.');
  const domain = dot === -1 ? '' : name.slice(dot + 1);
  context.claims.address(bytes, at, 4, name, domain, method, context, osOf(message.vendorClass), mac);
}

/** Which address the message is about, and what it says of it. Offers are no leases; a renewal leaves the address where it was. */
function leaseOf(message: DhcpMessage): { at: number; method: string } {
  const { bytes, ciaddrAt, yiaddrAt } = message;
  const hasAddress = u32be(bytes, ciaddrAt) !== 0;
  switch (message.type) {
    case types.REQUEST:
      return { at: hasAddress ? ciaddrAt : message.requestedAt, method: 'dhcp-request' };
    case types.INFORM:
      return { at: ciaddrAt, method: 'dhcp-request' };
    case types.ACK:
      return hasAddress ? { at: ciaddrAt, method: 'dhcp-renewal' } : { at: yiaddrAt, method: 'dhcp-ack' };
    case types.RELEASE:
      return { at: ciaddrAt, method: RELEASE };
    default:
      return { at: 0, method: '' };
  }
}

/** The fully qualified name where it is one; Windows puts a mere host name there too. */
const nameOf = (message: DhcpMessage): string => (message.fqdn.includes('.') ? message.fqdn : message.hostName || message.fqdn);

/** Vendor classes (option 60) that name a system. */
function osOf(vendorClass: string): string {
  if (vendorClass.startsWith('MSFT ')) return 'Windows';
  if (vendorClass.startsWith('android-dhcp')) return 'Android';
  return /^(dhcpcd-.*:Linux|udhcp )/.test(vendorClass) ? 'Linux' : '';
}
