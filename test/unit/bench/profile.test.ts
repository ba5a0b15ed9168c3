// Stages of functions by where they are written, sums of profiles, and what V8 says of its pauses.
import { describe, expect, it } from 'vitest';
import { lagAt, protocolCosts } from '../../../src/bench/figures.ts';
import { GarbageLog } from '../../../src/bench/garbage.ts';
import { type Profile, stageOf, sumProfiles } from '../../../src/bench/profile.ts';

describe('stageOf', () => {
  it.each<[string, string, string | null]>([
    ['walk', 'file:///x/adtap/dist/ip/packet.js', 'ip'],
    ['walk', 'file:///x/adtap/dist/ip/tunnels/gre.js', 'ip'],
    ['data', 'file:///x/adtap/src/protocols/kerberos/wire.ts', 'protocols/kerberos'],
    ['hit', 'file:///x/adtap/dist/protocols/limits.js', 'protocols'],
    ['fill', 'file:///x/adtap/dist/bench/load.js', 'load (not adtap)'],
    ['run', 'file:///x/adtap/node_modules/piscina/dist/index.js', 'packages'],
    ['writev', 'node:internal/stream_base_commons', 'node'],
    ['(program)', '', 'node'],
    ['(garbage collector)', '', 'garbage collection'],
    ['(idle)', '', null],
    ['wait', 'file:///x/adtap/dist/slots/ring.js', null],
    ['wait', 'file:///x/adtap/dist/runtime/pipeline.js', 'runtime'],
  ])('%s of %s is %s', (name, url, stage) => {
    expect(stageOf(name, url)).toBe(stage);
  });
});

it('sums the time until the next sample, by stage, over threads, without sleep', () => {
  const frame = (id: number, functionName: string, url: string) => ({ id, callFrame: { functionName, url } });
  const nodes = [
    frame(1, '(idle)', ''),
    frame(2, 'a', 'file:///x/dist/ip/packet.js'),
    frame(3, 'b', 'file:///x/dist/protocols/dns/wire.js'),
  ];
  const one: Profile = { nodes, samples: [1, 2, 3, 2], timeDeltas: [5, 1_000_000, 250_000, 750_000] };
  const two: Profile = { nodes, samples: [3, 3], timeDeltas: [0, 1_000_000] };
  expect(sumProfiles([one, two])).toEqual({
    seconds: 2,
    stages: [
      { stage: 'protocols/dns', seconds: 1.75, share: 0.875 },
      { stage: 'ip', seconds: 0.25, share: 0.125 },
    ],
  });
});

it("gives each protocol's cost for an activity", () => {
  const stages = {
    seconds: 4,
    packets: 1,
    activitiesByProtocol: { dns: 1_000_000, ldap: 100, ntlm: 99 },
    stages: [
      { stage: 'protocols/dns', seconds: 2, share: 0.5 },
      { stage: 'protocols/gss', seconds: 0.5, share: 0.125 },
      { stage: 'protocols/ldap', seconds: 0.25, share: 0.0625 },
      { stage: 'protocols/ntlm', seconds: 0.25, share: 0.0625 },
      { stage: 'ip', seconds: 1, share: 0.25 },
    ],
  };
  expect(protocolCosts({ stages })).toEqual([
    { protocol: 'dns', activities: 1_000_000, share: 0.5, microsecondsPerActivity: 2 },
    { protocol: 'gss', activities: 0, share: 0.125, microsecondsPerActivity: null },
    { protocol: 'ldap', activities: 100, share: 0.0625, microsecondsPerActivity: 2500 },
    // Too few to be told from a sample.
    { protocol: 'ntlm', activities: 99, share: 0.0625, microsecondsPerActivity: null },
  ]);
});

it('finds percentiles of lag', () => {
  const lag = {
    samples: 10,
    percentiles: [
      [0, 1],
      [0.5, 4],
      [0.75, 9],
      [1, 20],
    ] as const,
  };
  expect([0.5, 0.6, 0.99, 1].map((share) => lagAt(lag, share))).toEqual([4, 9, 20, 20]);
  expect(lagAt({ samples: 0, percentiles: [] }, 0.5)).toBeNull();
});

it('reads pauses of all isolates, in pieces, and nothing else', () => {
  // Lines of Node 20.20 and Node 24.
  const text = [
    '[1574:0xbd7ec00]       40 ms: Scavenge 4.4 (4.5) -> 4.0 (5.5) MB, 0.92 / 0.00 ms  (average mu = 1.000, current mu = 1.000) allocation failure; ',
    '[1574:0x7f362c000f00]       21 ms: Scavenge 3.2 (3.2) -> 2.8 (4.2) MB, 0.90 / 0.00 ms  (average mu = 1.000, current mu = 1.000) allocation failure; ',
    'something else that was printed',
    '[1574:0xbd7ec00]      359 ms: Mark-Compact 154.8 (187.5) -> 78.9 (112.6) MB, 5.83 / 0.00 ms  (+ 34.9 ms in 9 steps since start of marking) (average mu = 0.9, current mu = 0.9) finalize incremental marking',
    '[1574:0x7f362c000f00]       99 ms: Scavenge 7.2 (9.5) -> 6.4 (9.6) MB, pooled: 0.0 MB, 2.50 / 0.00 ms  (average mu = 1.000, current mu = 1.000) allocation failure; ',
    '',
  ].join('\n');
  const log = new GarbageLog();
  for (let at = 0; at < text.length; at += 37) log.take(text.slice(at, at + 37));
  const { main, workers } = log.summary();
  expect(main).toEqual({ count: 2, totalMs: 6.75, longestMs: 5.83, medianMs: 5.83, p99Ms: 5.83 });
  expect(workers).toEqual({ count: 2, totalMs: 3.4, longestMs: 2.5, medianMs: 2.5, p99Ms: 2.5 });
});
