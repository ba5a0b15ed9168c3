// What real hosts answered, read from file. Expected values are tshark's, and Node's own reader of certificates'.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Feed, type Reader } from '../../../src/nnr/active/dialogue.ts';
import { readStatus } from '../../../src/nnr/active/netbios.ts';
import { BindAnswer } from '../../../src/nnr/active/ntlm-rpc.ts';
import type { Outcome } from '../../../src/nnr/active/outcome.ts';
import { RdpAnswer, subject } from '../../../src/nnr/active/rdp.ts';
import { query, readResponse, reverseName } from '../../../src/nnr/active/reverse-dns.ts';
import { fixture } from '../../support/fixtures.ts';

const recorded = new Map(
  readFileSync(fixture('nnr/answers.hex'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ', 2) as [string, string]),
);
const bytesOf = (name: string): Buffer => Buffer.from(recorded.get(name) ?? '', 'hex');

/** The end of a conversation in which the peer says these pieces. */
function converse(reader: Reader, ...pieces: readonly Uint8Array[]): Outcome | null {
  const feed = new Feed(reader, () => undefined);
  for (const piece of pieces) {
    const outcome = feed.push(piece);
    if (outcome !== null) return outcome;
  }
  return null;
}

/** A recorded bind_ack as the answer to our first call, whichever call it answered. */
function bindAck(name: string): Buffer {
  const bytes = bytesOf(name);
  bytes.writeUInt32LE(1, 12);
  return bytes;
}

const one = (bytes: Uint8Array): Uint8Array[] => [...bytes].map((byte) => Uint8Array.of(byte));

describe('NTLM over RPC', () => {
  it('reads a bind_ack of Windows 10', () => {
    expect(converse(new BindAnswer(), bindAck('bind-ack-windows-10'))).toMatchObject({
      names: {
        netbios: 'WORKSTATION6',
        dns: 'workstation6.theshire.local',
        netbiosDomain: 'THESHIRE',
        dnsDomain: 'theshire.local',
        os: 'Windows 10.0.18362',
      },
    });
  });

  it('reads one of a server without DNS names', () => {
    expect(converse(new BindAnswer(), bindAck('bind-ack-windows-nt'))).toMatchObject({
      names: { netbios: 'SATURN', dns: '', netbiosDomain: 'CNAMIS', dnsDomain: '', os: '' },
    });
  });

  it('reads one of Samba, byte by byte', () => {
    expect(converse(new BindAnswer(), ...one(bytesOf('bind-ack-samba')))).toMatchObject({
      names: { netbios: 'MEM1', dns: 'mem1.lab.example', netbiosDomain: 'LAB', dnsDomain: 'lab.example', os: 'Windows 6.1.0' },
      evidence: 'CHALLENGE in bind_ack: MsvAvNbComputerName, MsvAvDnsComputerName',
    });
  });

  it('refuses an answer to another call', () => {
    expect(converse(new BindAnswer(), bytesOf('bind-ack-windows-10'))).toMatchObject({
      reason: 'malformed',
      evidence: 'answers call 3',
    });
  });

  it('has no name in a bind_nak, a fault, or a bind_ack without NTLM', () => {
    const header = (ptype: number, body: string): Buffer =>
      Buffer.from(
        `0500${ptype.toString(16).padStart(2, '0')}0310000000${Buffer.from([16 + body.length / 2, 0]).toString('hex')}000001000000${body}`,
        'hex',
      );
    // Protocol version not supported (C706 12.6.3.1), with version 5.0 offered.
    expect(converse(new BindAnswer(), header(13, '0400010500'))).toMatchObject({
      reason: 'no-name',
      evidence: 'bind_nak, reason 4',
    });
    expect(converse(new BindAnswer(), header(3, '000000000000000005000000'))).toMatchObject({
      reason: 'no-name',
      evidence: 'fault 0x5',
    });
    expect(converse(new BindAnswer(), header(12, 'd016d01600000000'))).toMatchObject({ reason: 'no-name' });
  });
});

describe('NetBIOS node status', () => {
  it('reads one of Windows Server 2016', () => {
    expect(readStatus(bytesOf('node-status-windows-2016'), 0x81c5)).toMatchObject({
      names: { netbios: '01566S-WIN16-IR', netbiosDomain: '3B', mac: '00:50:56:23:45:59', users: [], dns: '' },
      evidence: 'node status: 01566S-WIN16-IR<00> among 5 names',
    });
  });

  it('reads those of Samba, which have no address of an adapter', () => {
    expect(readStatus(bytesOf('node-status-samba'), 0x76b0)).toMatchObject({
      names: { netbios: 'MEM1', netbiosDomain: 'LAB', mac: '', users: [] },
    });
    expect(readStatus(bytesOf('node-status-samba-dc'), 0x0950)).toMatchObject({
      names: { netbios: 'DC1', netbiosDomain: 'LAB', mac: '', users: [] },
    });
  });

  it('leaves alone what answers another transaction, and queries', () => {
    const bytes = bytesOf('node-status-samba');
    expect(readStatus(bytes, 0x76b1)).toBeNull();
    bytes.writeUInt8(0, 2);
    expect(readStatus(bytes, 0x76b0)).toBeNull();
  });

  it('names users that are logged on, and passes over groups and names in conflict', () => {
    const entry = (name: string, suffix: number, flags: number): Buffer => {
      const bytes = Buffer.alloc(18, ' ');
      bytes.write(name, 0, 'latin1');
      bytes.writeUInt8(suffix, 15);
      bytes.writeUInt16BE(flags, 16);
      return bytes;
    };
    const names = [
      entry('GONE', 0x00, 0x0c00),
      entry('WS1', 0x00, 0x0400),
      entry('LAB', 0x00, 0x8400),
      entry('WS1', 0x03, 0x0400),
      entry('ALICE', 0x03, 0x0400),
      entry('ALICE', 0x03, 0x0400),
      entry('LAB', 0x03, 0x8400),
    ];
    const head = bytesOf('node-status-samba').subarray(0, 12 + 34 + 8);
    const length = Buffer.alloc(3);
    length.writeUInt16BE(1 + names.length * 18 + 46, 0);
    length.writeUInt8(names.length, 2);
    const whole = Buffer.concat([head, length, ...names, Buffer.from('02004d000065', 'hex'), Buffer.alloc(40)]);
    expect(readStatus(whole, 0x76b0)).toMatchObject({
      names: { netbios: 'WS1', netbiosDomain: 'LAB', users: ['ALICE'], mac: '02:00:4d:00:00:65' },
    });
    // Cut in the fourth name, as in a datagram that was too small for it (RFC 1002 4.2.18).
    expect(readStatus(whole.subarray(0, head.length + 3 + 3 * 18 + 7), 0x76b0)).toMatchObject({
      names: { netbios: 'WS1', users: [], mac: '' },
      evidence: 'node status: WS1<00> among 7 names, cut after 3',
    });
  });
});

describe('RDP', () => {
  it('reads the certificate of a Windows 7, and agrees with Node about it', () => {
    const tls = bytesOf('rdp-tls-windows');
    // Record header, ServerHello, then the Certificate message: header, length of the list, length of the first.
    const hello = 5 + 4 + tls.readUIntBE(6, 3);
    const from = hello + 4 + 3 + 3;
    const certificate = new X509Certificate(tls.subarray(from, from + tls.readUIntBE(from - 3, 3)));
    const name = /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? 'none';
    const said = converse(new RdpAnswer(), bytesOf('rdp-confirm-windows'), tls);
    expect(said).toEqual(subject({ commonName: name, dnsNames: [] }));
    expect(said).toMatchObject({ names: name.includes('.') ? { dns: name.toLowerCase() } : { netbios: name.toUpperCase() } });
    expect(converse(new RdpAnswer(), bytesOf('rdp-confirm-windows'), ...one(tls))).toEqual(said);
  });

  it('has no name where there is only standard RDP security', () => {
    expect(converse(new RdpAnswer(), bytesOf('rdp-standard-windows-xp'))).toMatchObject({
      reason: 'no-name',
      evidence: expect.stringContaining('standard'),
    });
    const plain = bytesOf('rdp-confirm-xrdp');
    plain.writeUInt32LE(0, 15);
    expect(converse(new RdpAnswer(), plain)).toMatchObject({ reason: 'no-name', evidence: expect.stringContaining('standard') });
  });

  it('tells why a negotiation failed, and of a server that wants more than TLS 1.2', () => {
    const failure = bytesOf('rdp-confirm-xrdp');
    failure.writeUInt8(3, 11);
    failure.writeUInt32LE(5, 15);
    expect(converse(new RdpAnswer(), failure)).toMatchObject({
      reason: 'no-name',
      evidence: expect.stringContaining('HYBRID_REQUIRED_BY_SERVER'),
    });
    // protocol_version (RFC 5246 7.2.2).
    const alert = Buffer.from('15030300020246', 'hex');
    expect(converse(new RdpAnswer(), bytesOf('rdp-confirm-xrdp'), alert)).toMatchObject({
      reason: 'no-name',
      evidence: expect.stringContaining('alert 70'),
    });
  });

  it('sends its ClientHello only after the server has agreed to TLS', () => {
    const sent: Uint8Array[] = [];
    const feed = new Feed(new RdpAnswer(), (bytes) => sent.push(bytes));
    feed.push(bytesOf('rdp-confirm-xrdp').subarray(0, 18));
    expect(sent).toHaveLength(0);
    feed.push(bytesOf('rdp-confirm-xrdp').subarray(18));
    expect(sent).toHaveLength(1);
    // A handshake record of TLS 1.0 with a ClientHello of TLS 1.2.
    expect(Buffer.from(sent[0] ?? []).toString('hex')).toMatch(/^160301....01......0303/);
  });

  it.each([
    [
      { commonName: 'WS1.lab.example', dnsNames: [] },
      { dns: 'ws1.lab.example', netbios: '' },
    ],
    [
      { commonName: 'WIN7-PC', dnsNames: [] },
      { netbios: 'WIN7-PC', dns: '' },
    ],
    [
      { commonName: 'a-name-of-more-than-fifteen', dnsNames: [] },
      { netbios: '', dns: 'a-name-of-more-than-fifteen' },
    ],
    [
      { commonName: 'ignored.example', dnsNames: ['*.lab.example', 'ts.lab.example', 'ws1.lab.example'] },
      { dns: 'ts.lab.example' },
    ],
    [{ commonName: 'ws1.lab.example', dnsNames: ['ts.lab.example', 'ws1.lab.example'] }, { dns: 'ws1.lab.example' }],
  ])('takes the computer from %j', (certificate, names) => {
    expect(subject(certificate)).toMatchObject({ names });
  });

  it.each(['*.lab.example', '10.77.0.1', '', 'Some Company Ltd', '\u0000', 'a..b'])('takes no name from %j', (commonName) => {
    expect(subject({ commonName, dnsNames: [] })).toMatchObject({ reason: 'no-name' });
  });
});

describe('reverse DNS', () => {
  it.each([['ptr-samba', 0x61e1, '10.77.0.10', 'dc1.lab.example']])('reads %s', (name, id, address, value) => {
    const bytes = bytesOf(name);
    expect(readResponse(bytes, id, reverseName(address), 12)).toEqual({ rcode: 0, isTruncated: false, values: [value] });
    expect(readResponse(bytes, id + 1, reverseName(address), 12)).toBeNull();
    expect(readResponse(bytes, id, reverseName('10.77.0.11'), 12)).toBeNull();
    expect(readResponse(bytes, id, reverseName(address), 1)).toBeNull();
  });

  it('turns IPv6 addresses into nibbles (RFC 3596 2.5)', () => {
    expect(reverseName('4321:0:1:2:3:4:567:89ab')).toBe(
      'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
    );
  });

  it('sends no name that DNS cannot carry', () => {
    expect(query(1, `${'a'.repeat(64)}.example`, 1)).toBeNull();
    expect(query(1, 'a..b', 1)).toBeNull();
    expect(query(1, `${'a.'.repeat(127)}aa`, 1)).toBeNull();
    expect(query(1, `${'a.'.repeat(126)}a`, 1)).toHaveLength(12 + 255 + 4);
  });
});
