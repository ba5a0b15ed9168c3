// Who is asked, by what, in which order: with askers that answer as they are told. And what is counted of it.
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { nameResolution } from '../../../src/health/name-resolution.ts';
import { registerNnr } from '../../../src/metrics/nnr.ts';
import { activeLimits } from '../../../src/nnr/active/limits.ts';
import { answerOf, namesOf, noName } from '../../../src/nnr/active/outcome.ts';
import { ActiveNnr, type ActiveSettings } from '../../../src/nnr/active-nnr.ts';
import type { ActiveMethod, Answer, Asker, NoNameReason } from '../../../src/nnr/answer.ts';
import { printed } from '../../../src/nnr/names.ts';
import { IMPORTANCE } from '../../../src/nnr/queue.ts';
import { Scope } from '../../../src/nnr/scope.ts';
import { MethodTally } from '../../../src/nnr/tally.ts';
import { judge } from '../../../src/nnr/verdict.ts';
import { activeSettings } from '../../../src/runtime/live/nnr.ts';

type Said = string | NoNameReason;
const REASONS: readonly string[] = ['timeout', 'refused', 'no-name'] satisfies NoNameReason[];

/** A name, or why there is none; a name with `!` is confirmed. */
function answer(method: ActiveMethod, address: string, said: Said): Answer {
  if (REASONS.includes(said)) return answerOf(method, address, performance.now(), noName(said as NoNameReason, 'told so'));
  const name = said.replace('!', '');
  const names = namesOf(name.includes('.') ? { dns: name } : { netbios: name });
  return answerOf(method, address, performance.now(), { names, evidence: 'told so', isConfirmed: said.endsWith('!') });
}

class Scripted implements Asker {
  readonly asked: string[] = [];
  readonly method: ActiveMethod;
  readonly #said: Said;
  readonly #milliseconds: number;

  constructor(method: ActiveMethod, said: Said, milliseconds = 0) {
    this.method = method;
    this.#said = said;
    this.#milliseconds = milliseconds;
  }

  async ask(address: string, signal: AbortSignal): Promise<Answer> {
    this.asked.push(address);
    if (this.#said === 'throw') throw new Error('a defect');
    if (this.#milliseconds > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#milliseconds);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    return answer(this.method, address, this.#said);
  }
}

const { config } = loadConfig(null, {}, new Map());
const settings: ActiveSettings = { ...activeSettings(config), lookupsPerSecond: 10_000, sockets: 64 };
const running: ActiveNnr[] = [];
afterEach(async () => {
  for (const nnr of running.splice(0)) await nnr.stop();
});

function start(
  askers: readonly Asker[],
  more: Partial<ActiveSettings> = {},
): { nnr: ActiveNnr; got: Map<string, readonly Answer[]>; settled: (count: number) => Promise<void> } {
  const got = new Map<string, readonly Answer[]>();
  const all = { ...settings, ...more };
  const nnr = new ActiveNnr(all, (address, answers) => got.set(address, answers), { askers, scope: new Scope(all, () => []) });
  running.push(nnr);
  nnr.start();
  const settled = async (count: number): Promise<void> => {
    for (let tries = 0; got.size < count && tries < 500; tries++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(got.size).toBe(count);
  };
  return { nnr, got, settled };
}

describe('what was said, and what it comes to', () => {
  it.each<readonly [Said, Said, Said, Said, boolean, string, string, string]>([
    ['WS1', 'WS1', 'ws1.lab.example', '-', false, 'resolved', 'ws1.lab.example', 'high'],
    ['WS1', 'timeout', 'refused', '-', false, 'resolved', 'WS1', 'high'],
    [
      'LONGCOMPUTERNAM',
      'timeout',
      'longcomputername-7.lab.example',
      '-',
      false,
      'resolved',
      'longcomputername-7.lab.example',
      'high',
    ],
    ['timeout', 'timeout', 'refused', 'ws1.lab.example!', true, 'resolved', 'ws1.lab.example', 'high'],
    ['timeout', 'timeout', 'refused', 'ws1.lab.example', true, 'resolved', 'ws1.lab.example', 'low'],
    ['timeout', 'timeout', 'refused', 'no-name', true, 'unresolved', '', 'low'],
    ['WS1', 'WS2', 'timeout', 'ws2.lab.example!', true, 'conflict', 'ws2.lab.example', 'low'],
    ['WS1', 'WS2', 'WS1', 'no-name', true, 'conflict', 'WS1', 'low'],
  ])('%s, %s, %s, then %s', async (rpc, netbios, rdp, dns, isDnsDue, verdict, computer, certainty) => {
    const reverse = new Scripted('reverse-dns', dns);
    const askers = [new Scripted('ntlm-rpc', rpc), new Scripted('netbios', netbios), new Scripted('rdp', rdp), reverse];
    const { nnr, got, settled } = start(askers);
    expect(nnr.offer('10.0.0.1', IMPORTANCE.logon)).toBe('queued');
    await settled(1);
    expect(reverse.asked).toHaveLength(isDnsDue ? 1 : 0);
    const { name, reasons, certainty: found } = judge('10.0.0.1', got.get('10.0.0.1') ?? [], 0);
    expect({
      verdict: name === null ? 'unresolved' : reasons.includes('conflict') ? 'conflict' : 'resolved',
      computer: name === null ? '' : printed(name),
      certainty: found,
    }).toEqual({ verdict, computer, certainty });
  });
});

describe('who is asked', () => {
  it('staged: one method after the other until one answers', async () => {
    const askers = [new Scripted('ntlm-rpc', 'timeout'), new Scripted('netbios', 'WS1'), new Scripted('rdp', 'WS1')];
    const { nnr, settled } = start(askers, { staged: true });
    nnr.offer('10.0.0.1', IMPORTANCE.seen);
    await settled(1);
    expect(askers.map(({ asked }) => asked.length)).toEqual([1, 1, 0]);
  });

  it('nobody out of scope, and nobody before start and after stop', async () => {
    const asker = new Scripted('netbios', 'WS1');
    const { nnr } = start([asker]);
    for (const address of ['8.8.8.8', '224.0.0.1', 'ff02::1', '10.255.255.255', 'nonsense'])
      expect(nnr.offer(address, IMPORTANCE.logon)).toBe('out-of-scope');
    await nnr.stop();
    expect(nnr.offer('10.0.0.1', IMPORTANCE.logon)).toBe('off');
    expect(asker.asked).toEqual([]);
  });

  it('nobody by NetBIOS over IPv6, which there is not', async () => {
    const askers = [new Scripted('netbios', 'WS1'), new Scripted('rdp', 'WS1')];
    const { nnr, settled } = start(askers);
    nnr.offer('fd00::1', IMPORTANCE.seen);
    await settled(1);
    expect(askers.map(({ asked }) => asked.length)).toEqual([0, 1]);
  });

  it('not again while what was said holds: longer for a name than for none', async () => {
    const named = start([new Scripted('netbios', 'WS1')], { hitSeconds: 1000, missSeconds: 1, perTargetSeconds: 0 });
    named.nnr.offer('10.0.0.1', IMPORTANCE.seen);
    await named.settled(1);
    expect(named.nnr.offer('::ffff:10.0.0.1', IMPORTANCE.logon)).toBe('known');
    const unnamed = start([new Scripted('netbios', 'timeout')], { hitSeconds: 1000, missSeconds: 1, perTargetSeconds: 0 });
    unnamed.nnr.offer('10.0.0.1', IMPORTANCE.seen);
    await unnamed.settled(1);
    expect(unnamed.nnr.offer('10.0.0.1', IMPORTANCE.seen)).toBe('known');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(unnamed.nnr.offer('10.0.0.1', IMPORTANCE.seen)).toBe('queued');
  });

  it('not sooner than a target may be asked again', async () => {
    const { nnr, got, settled } = start([new Scripted('netbios', 'timeout')], { missSeconds: 1, perTargetSeconds: 60 });
    nnr.offer('10.0.0.1', IMPORTANCE.seen);
    await settled(1);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    got.clear();
    nnr.offer('10.0.0.1', IMPORTANCE.seen);
    await settled(1);
    expect(got.get('10.0.0.1')?.[0]?.reason).toBe('rate-limited');
  });

  it('the more important first', async () => {
    const asker = new Scripted('netbios', 'WS1', 5);
    const { nnr, settled } = start([asker], { sockets: 1, methods: ['netbios'] });
    nnr.offer('10.0.0.1', IMPORTANCE.seen);
    nnr.offer('10.0.0.2', IMPORTANCE.seen);
    nnr.offer('10.0.0.3', IMPORTANCE.logon);
    await settled(3);
    expect(asker.asked).toEqual(['10.0.0.1', '10.0.0.3', '10.0.0.2']);
  });

  it('everybody once, though an asker throws', async () => {
    const { nnr, got, settled } = start([new Scripted('netbios', 'throw'), new Scripted('rdp', 'WS1')]);
    for (let i = 1; i <= 50; i++) nnr.offer(`10.0.0.${i}`, IMPORTANCE.seen);
    await settled(50);
    expect(got.get('10.0.0.7')?.map(({ reason, evidence }) => [reason, evidence])).toEqual([
      ['error', 'a defect'],
      ['', 'told so'],
    ]);
    expect(nnr.status().sockets).toBe(0);
  });
});

it('stops at once: what is under way is cancelled, nothing is told any more', async () => {
  const { nnr, got } = start([new Scripted('netbios', 'WS1', 60_000)], { sockets: 2, methods: ['netbios'] });
  for (let i = 1; i <= 20; i++) nnr.offer(`10.0.0.${i}`, IMPORTANCE.seen);
  expect(nnr.status()).toMatchObject({ queued: [18, 0, 0] });
  await nnr.stop();
  expect(nnr.status()).toMatchObject({ queued: [0, 0, 0], sockets: 0, waiting: 0 });
  expect(got.size).toBe(0);
});

it('keeps memory flat with ten thousand addresses waiting, and counts what it had to drop', () => {
  const { nnr } = start([new Scripted('netbios', 'WS1', 60_000)], { sockets: 1, methods: ['netbios'] });
  const most = activeLimits.queued.value;
  let dropped = 0;
  const offer = (from: number, to: number): void => {
    for (let i = from; i < to; i++)
      if (nnr.offer(`10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`, IMPORTANCE.activity) === 'dropped') dropped++;
  };
  offer(0, 20_000);
  const before = process.memoryUsage().heapUsed;
  offer(20_000, 120_000);
  expect(nnr.status().queued[IMPORTANCE.activity]).toBe(most);
  expect(nnr.status().dropped).toBe(dropped);
  expect(dropped).toBeGreaterThan(100_000);
  // A hundred thousand addresses held would be some ten MiB more; garbage that is not collected yet stays below that.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1048576);
});

describe('what is counted', () => {
  it('by method and reason, in the form of Prometheus', async () => {
    const { nnr, settled } = start([new Scripted('netbios', 'WS1'), new Scripted('rdp', 'refused')]);
    for (let i = 1; i <= 3; i++) nnr.offer(`10.0.0.${i}`, IMPORTANCE.seen);
    await settled(3);
    expect(nnr.recent(Date.now() / 1000)).toContainEqual({ method: 'rdp', made: 3, named: 0 });
    const registry = new Registry();
    registerNnr(registry, nnr);
    const text = await registry.metrics();
    for (const line of [
      'adtap_nnr_attempts_total{method="netbios"} 3',
      'adtap_nnr_answers_total{method="netbios"} 3',
      'adtap_nnr_answers_total{method="rdp"} 0',
      'adtap_nnr_failures_total{method="rdp",reason="refused"} 3',
      'adtap_nnr_in_flight{method="rdp"} 0',
      'adtap_nnr_queue{importance="logon"} 0',
      'adtap_nnr_dropped_total 0',
      'adtap_nnr_remembered 3',
      'adtap_nnr_seconds_count{method="netbios"} 3',
      'adtap_nnr_seconds_bucket{method="netbios",le="+Inf"} 3',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('over ten minutes, for health: more than nine tenths must fail, of twenty at least, and it clears', () => {
    const tally = new MethodTally();
    const minute = 60;
    const look = (count: number, said: Said, at: number): void => {
      for (let i = 0; i < count; i++) {
        tally.begun();
        tally.ended({ ...answer('netbios', '10.0.0.1', said), at });
      }
    };
    const issues = (at: number) => nameResolution([{ method: 'netbios', ...tally.recent(at) }]);
    look(19, 'timeout', 1000 * minute);
    expect(issues(1000 * minute)).toEqual([]);
    look(1, 'timeout', 1001 * minute);
    expect(issues(1001 * minute)).toMatchObject([
      { key: 'nameResolution', subject: 'netbios', message: expect.stringContaining('20 of 20') },
    ]);
    look(2, 'WS1', 1002 * minute);
    expect(issues(1002 * minute)).toHaveLength(1);
    look(1, 'WS1', 1002 * minute);
    expect(issues(1002 * minute)).toEqual([]);
    // The failures of the first minutes are out of the window.
    expect(tally.recent(1011.5 * minute)).toEqual({ made: 3, named: 3 });
    expect(tally.recent(2000 * minute)).toEqual({ made: 0, named: 0 });
  });
});

describe('the configuration', () => {
  it('is off, and asks private networks and those around the domain controllers', () => {
    expect(config.nnr.enabled).toBe(false);
    const one = loadConfig(null, {}, new Map([['domainControllers', ['203.0.113.9']]])).config;
    expect(activeSettings(one).networks).toEqual(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', '203.0.113.9/24']);
  });

  it('takes DNS servers with and without a port', () => {
    const one = loadConfig(
      null,
      {},
      new Map([['nnr.dnsServers', ['10.0.0.53', '[fd00::53]:5353', '10.0.0.54:54', 'fd00::54']]]),
    ).config;
    expect(activeSettings(one).dnsServers).toEqual([
      { address: '10.0.0.53', port: 53 },
      { address: 'fd00::53', port: 5353 },
      { address: '10.0.0.54', port: 54 },
      { address: 'fd00::54', port: 53 },
    ]);
  });

  it.each([
    ['nnr.networks', ['10.0.0.0/99'], 'must be a network'],
    ['nnr.dnsServers', ['dns.example'], 'must be an address'],
    ['nnr.retries', 2, 'from 0 to 1'],
    ['nnr.methods', ['smb'], 'ntlm-rpc, netbios, rdp, reverse-dns'],
  ])('says what is wrong with %s: %j', (key, value, message) => {
    expect(() => loadConfig(null, {}, new Map([[key, value]]))).toThrow(message);
  });

  it('needs an address on the management adapter', () => {
    const one = loadConfig(null, {}, new Map([['management.adapter', 'no-such-adapter']])).config;
    expect(() => activeSettings(one)).toThrow('no-such-adapter has no address');
  });
});
