// Expected values: RFC 1035 4.1.4's own example, and dns-packet, which shares no code with us.
import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { BAD_VALUE, OK, TOO_LONG, TOO_MANY } from '../../../../src/bytes/reason.ts';
import { typeName } from '../../../../src/protocols/dns/names.ts';
import { rdataText } from '../../../../src/protocols/dns/rdata.ts';
import { DnsMessage, NameReader, RecordReader } from '../../../../src/protocols/dns/wire.ts';
import { configureLimits } from '../../../../src/protocols/limits.ts';

afterEach(() => configureLimits({}));

describe('names', () => {
  it('follows pointers as RFC 1035 4.1.4 shows (F.ISI.ARPA, FOO.F.ISI.ARPA, ARPA, the root)', () => {
    const bytes = new Uint8Array(96);
    bytes.set([1, 0x46, 3, 0x49, 0x53, 0x49, 4, 0x41, 0x52, 0x50, 0x41, 0], 20);
    bytes.set([3, 0x46, 0x4f, 0x4f, 0xc0, 20], 40);
    bytes.set([0xc0, 26], 64);
    bytes.set([0], 92);
    const reader = new NameReader();
    expect([20, 40, 64, 92].map((at) => reader.text(bytes, 0, at, 96))).toEqual(['F.ISI.ARPA', 'FOO.F.ISI.ARPA', 'ARPA', '']);
    reader.text(bytes, 0, 40, 96);
    expect(reader.next).toBe(46);
  });

  it('refuses pointers that do not go backwards, and so every loop', () => {
    const reader = new NameReader();
    expect(reader.text(Uint8Array.of(0xc0, 0), 0, 0, 2)).toBe('');
    expect(reader.reason).toBe(BAD_VALUE);
    reader.text(Uint8Array.of(1, 0x61, 0xc0, 0), 0, 0, 4);
    expect(reader.reason).toBe(BAD_VALUE);
  });

  it.each([
    [2, OK],
    [3, OK],
    [4, TOO_MANY],
  ])('follows at most dns.pointers (3) pointers: %i', (count, reason) => {
    configureLimits({ 'dns.pointers': 3 });
    const bytes = new Uint8Array(2 + 2 * count);
    for (let i = 1; i <= count; i++) bytes.set([0xc0, i === 1 ? 0 : 2 * (i - 1)], 2 * i);
    const reader = new NameReader();
    reader.text(bytes, 0, 2 * count, bytes.length);
    expect(reader.reason).toBe(reason);
  });

  it.each([
    [253, OK],
    [254, OK],
    [255, TOO_LONG],
  ])('reads names of at most 255 octets: %i with their lengths, and the root', (octets, reason) => {
    const labels: number[] = [];
    for (let left = octets; left > 0; ) {
      const size = Math.min(63, left - 1);
      labels.push(size, ...new Array(size).fill(0x61));
      left -= size + 1;
    }
    const reader = new NameReader();
    reader.text(Uint8Array.of(...labels, 0), 0, 0, labels.length + 1);
    expect(reader.reason).toBe(reason);
  });

  it('escapes as RFC 4343 2.1 asks', () => {
    const reader = new NameReader();
    expect(reader.text(Uint8Array.of(4, 0x61, 0x2e, 0x5c, 0xff, 0), 0, 0, 6)).toBe('a\\.\\\\\\255');
  });
});

const label = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
const answer = fc.oneof(
  fc.record({ type: fc.constant('A' as const), name, ttl: fc.nat(86_400), data: fc.ipV4() }),
  fc.record({ type: fc.constant('CNAME' as const), name, ttl: fc.nat(86_400), data: name }),
  fc.record({ type: fc.constant('PTR' as const), name, ttl: fc.nat(86_400), data: name }),
  fc.record({
    type: fc.constant('SRV' as const),
    name,
    ttl: fc.nat(86_400),
    data: fc.record({ priority: fc.nat(65_535), weight: fc.nat(65_535), port: fc.nat(65_535), target: name }),
  }),
  fc.record({
    type: fc.constant('MX' as const),
    name,
    ttl: fc.nat(86_400),
    data: fc.record({ preference: fc.nat(65_535), exchange: name }),
  }),
);

/** What rdataText must say of dns-packet's data. */
function expected(data: unknown): string {
  if (typeof data === 'string') return data;
  const d = data as {
    priority?: number;
    weight?: number;
    port?: number;
    target?: string;
    preference?: number;
    exchange?: string;
  };
  return d.exchange === undefined ? `${d.priority} ${d.weight} ${d.port} ${d.target}.` : `${d.preference} ${d.exchange}.`;
}

it('reads what dns-packet writes, compressed or not', () => {
  fc.assert(
    fc.property(fc.nat(65_535), name, fc.array(answer, { maxLength: 6 }), (id, question, answers) => {
      const bytes = Uint8Array.from(
        dnsPacket.encode({ type: 'response', id, questions: [{ name: question, type: 'A' }], answers }),
      );
      const message = new DnsMessage();
      expect(message.bind(bytes, 0, bytes.length)).toBe(OK);
      expect([message.id, message.isResponse, message.qname, message.qtype, message.answers]).toEqual([
        id,
        true,
        question,
        1,
        answers.length,
      ]);
      const record = new RecordReader();
      const owner = new NameReader();
      let at = message.answersAt;
      for (const one of answers) {
        at = record.next(message, at);
        expect(record.reason).toBe(OK);
        expect(owner.text(bytes, 0, record.nameAt, bytes.length)).toBe(one.name);
        expect(record.ttl).toBe(one.ttl);
        const isName = one.type === 'CNAME' || one.type === 'PTR';
        expect(rdataText(message, record.type, record.from, record.until)).toBe(isName ? `${one.data}.` : expected(one.data));
      }
      expect(at).toBe(answers.length === 0 ? message.answersAt : bytes.length);
    }),
  );
});

// IANA dns-parameters; MS-DNSP 2.2.2.1.1 for the last two; RFC 3597 5 for those without a name.
it.each([
  [1, 'A'],
  [33, 'SRV'],
  [257, 'CAA'],
  [0xff01, 'WINS'],
  [0xff02, 'WINSR'],
  [0xff03, 'TYPE65283'],
])('calls type %i %s', (type, name) => {
  expect(typeName(type)).toBe(name);
});
