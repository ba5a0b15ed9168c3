// Active name resolution against servers nobody here wrote, over IPv4 and IPv6, by the command that an operator would type.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Told } from '../../src/cli/resolve.ts';
import { NtlmRpcAsker } from '../../src/nnr/active/ntlm-rpc.ts';
import { RdpAsker } from '../../src/nnr/active/rdp.ts';
import { reverseName } from '../../src/nnr/active/reverse-dns.ts';
import type { Answer } from '../../src/nnr/answer.ts';
import { DNS, OURS, PEER, Peers } from './support/peers.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

type Line = Told & { readonly answers: readonly Answer[] };

/** Addresses that only DNS knows of. */
const MANY = '10.99.1.40';
const STALE = '10.99.1.41';
const DELEGATED = '10.99.1.42';
const SHORT = '10.99.1.43';
const UNKNOWN = '10.99.1.44';
/** Nobody has it. */
const NOBODY = '10.99.1.99';

const head = (origin: string): string =>
  `$TTL 60\n@ SOA ns.lab.example. root.lab.example. 1 60 60 60 60\n@ NS ns.lab.example.\n$ORIGIN ${origin}.\n`;
const names = Array.from({ length: 40 }, (_, i) => `one-of-many-names-${i}.lab.example.`);
const ZONES = {
  'lab.example':
    head('lab.example') +
    `ns A ${DNS.ipv4}\nmem1 A ${PEER.ipv4}\nmem1 AAAA ${PEER.ipv6}\nshort A ${SHORT}\nstale A 10.99.1.77\nfar A ${DELEGATED}\n` +
    names.map((name) => `${name} A ${MANY}\n`).join(''),
  '1.99.10.in-addr.arpa':
    head('1.99.10.in-addr.arpa') +
    `20 PTR mem1.lab.example.\n41 PTR stale.lab.example.\n42 CNAME 42.customer.lab.example.\n43 PTR short.\n${names.map((name) => `40 PTR ${name}\n`).join('')}`,
  'customer.lab.example': `${head('customer.lab.example')}42 PTR far.lab.example.\n`,
  '1.0.0.0.0.0.0.0.0.0.0.0.9.9.d.f.ip6.arpa': `${head('ip6.arpa')}${reverseName(PEER.ipv6)}. PTR mem1.lab.example.\n`,
};

let peers: Peers;
beforeAll(async () => {
  peers = new Peers([MANY, STALE, DELEGATED, SHORT, UNKNOWN]);
  await peers.samba();
  await peers.rdp('negotiate', 3389);
  await peers.dns(ZONES);
}, 120_000);
afterAll(async () => peers[Symbol.asyncDispose]());

async function resolve(...args: readonly string[]): Promise<{ readonly code: number | null; readonly lines: readonly Line[] }> {
  const servers = args.includes('--dns') ? [] : ['--dns', DNS.ipv4];
  const child = spawn(process.execPath, [MAIN, 'resolve', '--json', ...servers, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line])) };
}

const only = async (...args: readonly string[]): Promise<Answer> => {
  const { lines } = await resolve(...args);
  expect(lines).toHaveLength(1);
  expect(lines[0]?.answers).toHaveLength(1);
  return lines[0]!.answers[0]!;
};

describe('a Samba server with xrdp', () => {
  it('is named by all primary methods over IPv4, and DNS is not asked', async () => {
    const { code, lines } = await resolve(PEER.ipv4, '--from', OURS.ipv4);
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({ address: PEER.ipv4, verdict: 'resolved', certainty: 'high' });
    expect(lines[0]?.answers.map(({ method, reason }) => [method, reason])).toEqual([
      ['ntlm-rpc', ''],
      ['netbios', ''],
      ['rdp', ''],
    ]);
  });

  it('says its names in the CHALLENGE of its endpoint mapper, over both families', async () => {
    for (const address of [PEER.ipv4, PEER.ipv6]) {
      const { names: said } = await only(address, '-m', 'ntlm-rpc');
      expect(said).toMatchObject({ netbios: PEER.name, os: expect.stringMatching(/^Windows \d+\.\d+\.\d+$/) });
    }
  });

  it('says name and workgroup in its node status', async () => {
    expect((await only(PEER.ipv4, '-m', 'netbios')).names).toMatchObject({
      netbios: PEER.name,
      netbiosDomain: PEER.domain,
      mac: '',
    });
  });

  it('says its name in the certificate of RDP, over both families', async () => {
    for (const address of [PEER.ipv4, PEER.ipv6]) expect((await only(address, '-m', 'rdp')).names?.dns).toBe(PEER.fqdn);
  });

  it('is named by DNS over IPv6 where NetBIOS cannot be', async () => {
    const { lines } = await resolve(PEER.ipv6, '-m', 'netbios,reverse-dns', '--dns', DNS.ipv6);
    expect(lines[0]).toMatchObject({ computer: PEER.fqdn, certainty: 'high', why: 'reverse-dns: DNS points both ways' });
    expect(lines[0]?.answers.map(({ method }) => method)).toEqual(['reverse-dns']);
  });

  it('is asked by one method only when staged', async () => {
    const { lines } = await resolve(PEER.ipv4, '--staged');
    expect(lines[0]?.answers.map(({ method }) => method)).toEqual(['ntlm-rpc']);
  });
});

describe('a server with standard RDP security only', () => {
  it('has no certificate, and says so at once', async () => {
    await peers.rdp('rdp', 3390);
    const asker = new RdpAsker({ from: { ipv4: '', ipv6: '' }, timeoutMs: 2000, port: 3390 });
    expect(await asker.ask(PEER.ipv4, new AbortController().signal)).toMatchObject({
      names: null,
      reason: 'no-name',
      evidence: expect.stringContaining('standard RDP security'),
    });
  });
});

describe('bind', () => {
  const reverse = (address: string, ...args: readonly string[]): Promise<Answer> => only(address, '-m', 'reverse-dns', ...args);

  it('is asked over TCP when the answer does not fit', async () => {
    const { names: said, isConfirmed } = await reverse(MANY);
    expect(said?.dns).toMatch(/^one-of-many-names-\d+\.lab\.example$/);
    expect(isConfirmed).toBe(true);
  });

  it('gives a PTR record whose name belongs to another address: not confirmed', async () => {
    expect(await reverse(STALE)).toMatchObject({ names: { dns: 'stale.lab.example' }, isConfirmed: false });
  });

  it('leads on to a delegated zone by a CNAME (RFC 2317)', async () => {
    expect(await reverse(DELEGATED)).toMatchObject({ names: { dns: 'far.lab.example' }, isConfirmed: true });
  });

  it('has a name of one label, found below a search suffix', async () => {
    expect(await reverse(SHORT)).toMatchObject({ names: { dns: 'short' }, isConfirmed: false });
    expect(await reverse(SHORT, '--suffix', 'lab.example')).toMatchObject({
      names: { dns: 'short.lab.example' },
      isConfirmed: true,
    });
  });

  it('has no record, or refuses: a reason each', async () => {
    expect(await reverse(UNKNOWN)).toMatchObject({ reason: 'no-name', evidence: expect.stringContaining('NXDOMAIN') });
    // Recursion is refused to our IPv6 address.
    expect(await reverse('100.200.1.1', '--dns', DNS.ipv6)).toMatchObject({
      reason: 'error',
      evidence: expect.stringContaining('REFUSED'),
    });
  });

  it('is gone: the next server is asked', async () => {
    const { lines } = await resolve(PEER.ipv4, '-m', 'reverse-dns', '--dns', UNKNOWN, '--dns', DNS.ipv4);
    expect(lines[0]?.answers[0]).toMatchObject({ names: { dns: PEER.fqdn } });
  });
});

describe('who does not answer', () => {
  it('refuses by ICMP and RST', async () => {
    const { code, lines } = await resolve(PEER.ipv4, '-m', 'reverse-dns', '--dns', UNKNOWN);
    expect(code).toBe(1);
    expect(lines[0]?.answers[0]?.reason).toBe('refused');
    const asker = new NtlmRpcAsker({ from: { ipv4: '', ipv6: '' }, timeoutMs: 2000, port: 4444 });
    expect((await asker.ask(PEER.ipv4, new AbortController().signal)).reason).toBe('refused');
  });

  it('is beyond a router that says so', async () => {
    // One look-up only: routers limit how often they say so, and Linux tells UDP nothing of it.
    const answer = await only('10.99.3.1', '-m', 'ntlm-rpc');
    expect(answer.reason).toBe('unreachable');
    expect(answer.milliseconds).toBeLessThan(1000);
  });

  it('is nobody: time runs out, or the network says so', async () => {
    const { lines } = await resolve(NOBODY, '-m', 'ntlm-rpc,netbios', '--timeout', '800');
    for (const { reason, milliseconds } of lines[0]!.answers) {
      expect(['timeout', 'unreachable']).toContain(reason);
      expect(milliseconds).toBeLessThan(2000);
    }
  });
});
