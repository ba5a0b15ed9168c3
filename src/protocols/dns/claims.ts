// What DNS answers and updates claim about addresses: A, AAAA and PTR records (RFC 1035 3.4, 3.5; RFC 3596).
import { OK } from '../../bytes/reason.ts';
import type { Context } from '../contract.ts';
import { dnsLimits as limits } from './limits.ts';
import { A, AAAA, CLASS_IN, PTR } from './names.ts';
import { type DnsMessage, NameReader, RecordReader } from './wire.ts';

const record = new RecordReader();
const name = new NameReader();
const address = new Uint8Array(16);

/** Claims of `count` records from `at` on; method is a prefix such as `dns`. A name asked for stands for its aliases' ends. */
export function claimRecords(message: DnsMessage, at: number, count: number, method: string, context: Context): void {
  const { bytes } = message;
  let from = at;
  for (let i = 0; i < count && i < limits.records.value; i++) {
    const next = record.next(message, from);
    if (record.reason !== OK) return;
    const length = record.until - record.from;
    if ((record.class & 0x7fff) === CLASS_IN) {
      if ((record.type === A && length === 4) || (record.type === AAAA && length === 16)) {
        const owner = name.owner(message, record.nameAt);
        const kind = method === 'dns' ? (length === 4 ? 'dns-a' : 'dns-aaaa') : method;
        if (name.reason === OK && isHostName(owner))
          context.claims.address(bytes, record.from, length === 4 ? 4 : 16, owner, domainOf(owner), kind, context);
      } else if (record.type === PTR) claimPointer(message, method, context);
    }
    from = next;
  }
}

/** A PTR record ties the address in its owner's name to its data. */
function claimPointer(message: DnsMessage, method: string, context: Context): void {
  const { bytes, start } = message;
  const length = reverseAddress(name.owner(message, record.nameAt).toLowerCase());
  if (length === 0) return;
  const host = name.text(bytes, start, record.from, record.until);
  if (name.reason === OK && isHostName(host))
    context.claims.address(address, 0, length, host, domainOf(host), method === 'dns' ? 'dns-ptr' : method, context);
}

/** Reads an in-addr.arpa or ip6.arpa name into `address`; returns its length or 0. */
export function reverseAddress(owner: string): 4 | 16 | 0 {
  const labels = owner.split('.');
  const zone = labels.slice(-2).join('.');
  if (zone === 'in-addr.arpa' && labels.length === 6) {
    for (let i = 0; i < 4; i++) {
      const octet = Number(labels[3 - i]);
      if (!Number.isInteger(octet) || octet < 0 || octet > 255) return 0;
      address[i] = octet;
    }
    return 4;
  }
  if (zone !== 'ip6.arpa' || labels.length !== 34) return 0;
  for (let i = 0; i < 16; i++) {
    const byte = Number.parseInt(`${labels[31 - 2 * i]}${labels[30 - 2 * i]}`, 16);
    if (Number.isNaN(byte)) return 0;
    address[i] = byte;
  }
  return 16;
}

/** Names of services, zones and wildcards are no computers. */
export const isHostName = (text: string): boolean =>
  text !== '' &&
  !text.startsWith('_') &&
  !text.includes('._') &&
  !text.includes('*') &&
  !/^(gc|domaindnszones|forestdnszones)\b.*_msdcs|^(domain|forest)dnszones\./i.test(text) &&
  text.length <= 255;

const domainOf = (host: string): string => {
  const dot = host.indexOf('.');
  return dot === -1 ? '' : host.slice(dot + 1);
};
