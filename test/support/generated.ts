// Generated captures for tests, and what is heard in them held against what the generator says should be.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { formatOf } from '../../src/generate/capture-format.ts';
import type { Profile } from '../../src/generate/profile.ts';
import { Traffic } from '../../src/generate/traffic.ts';
import { writeTraffic } from '../../src/generate/write.ts';
import { openByteSink } from '../../src/sink/file.ts';

export type Line = { readonly [key: string]: unknown };

export interface Generated {
  readonly path: string;
  readonly traffic: Traffic;
  readonly truth: readonly Line[];
}

/** A Monday at nine, UTC. */
export const START = Date.UTC(2026, 0, 5, 9) / 1000;

export const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

const folder = mkdtempSync(join(tmpdir(), 'adtap-generate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A capture of about so many packets, in a scratch folder. */
export async function generated(profile: Profile, packets: number, seed = 1, name = `${seed}.pcap`): Promise<Generated> {
  const path = join(folder, name);
  const traffic = new Traffic(profile, {
    seed,
    start: START,
    end: { packets, duration: Number.POSITIVE_INFINITY },
    rate: null,
    wantsTruth: true,
  });
  const file = await openByteSink(path);
  const truthPath = `${path}.truth.ndjson`;
  const truth = await openByteSink(truthPath);
  await writeTraffic(traffic, formatOf(path), file, truth, () => false);
  await file.close();
  await truth.close();
  return { path, traffic, truth: linesOf(readFileSync(truthPath, 'utf8')) };
}

export interface Comparison {
  /** False where packets were heard live: at other times, and numbered by who heard them. */
  readonly times: boolean;
}

/** What tells one activity from any other. */
function identityOf(line: Line, { times }: Comparison): string {
  const { type, time, carrier, transport, target, outcome, reason, mdi } = line;
  const ends = ['source', 'destination'].map((end) => {
    const { ip, port } = line[end] as { ip: string; port: number };
    return `${ip}:${port}`;
  });
  // An account by session is the sensor's inference, and nobody is no account: the packets named none.
  const account = line['account'] as { name: string; domain: string; kind?: string; via?: string } | null;
  const who =
    account === null || account.via === 'session' || account.kind === 'anonymous' ? null : `${account.name}@${account.domain}`;
  return JSON.stringify([type, times ? time : null, carrier, transport, ...ends, who, target, outcome, reason, mdi]);
}

/** One line a difference: an activity that is missing, one that is too much, one that is told of other frames. */
export function differences(truth: readonly Line[], heard: readonly Line[], comparison: Comparison = { times: true }): string[] {
  const wanted = new Map<string, Line[]>();
  for (const line of truth) {
    const key = identityOf(line, comparison);
    const list = wanted.get(key);
    if (list === undefined) wanted.set(key, [line]);
    else list.push(line);
  }
  const found: string[] = [];
  for (const line of heard) {
    const key = identityOf(line, comparison);
    const expected = wanted.get(key)?.shift();
    if (expected === undefined) found.push(`too much: ${key}`);
    else if (comparison.times && expected['frame'] !== null) {
      const { firstFrame = line['frame'] } = line['details'] as { firstFrame?: number };
      if (line['frame'] !== expected['frame'] || firstFrame !== expected['firstFrame'])
        found.push(`frames ${firstFrame}-${line['frame']} instead of ${expected['firstFrame']}-${expected['frame']}: ${key}`);
    }
  }
  for (const [key, left] of wanted) for (const _ of left) found.push(`missing: ${key}`);
  return found;
}
