// A load that nobody had to capture: a profile's traffic, made up into a file for as long as it is measured.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcap } from '../generate/capture-format.ts';
import { loadProfile } from '../generate/profile.ts';
import { DEFAULT_START, Traffic } from '../generate/traffic.ts';
import { writeTraffic } from '../generate/write.ts';
import { openByteSink } from '../sink/file.ts';

/** Enough for all that a profile has to come up in its shares, and no more than is kept in memory; it is repeated with other addresses. */
const PACKETS = 300_000;

export interface MadeUpLoad {
  readonly path: string;
  /** What it is, for people. */
  readonly name: string;
  remove(): Promise<void>;
}

/** Writes a profile's traffic; rejects with AdtapError ADTAP_E_PROFILE for a profile that is not right. */
export async function makeUpLoad(profile: string, seed: number, signal: AbortSignal): Promise<MadeUpLoad> {
  const end = { packets: PACKETS, duration: Number.POSITIVE_INFINITY };
  const traffic = new Traffic(loadProfile(profile), { seed, start: DEFAULT_START, end, rate: null, wantsTruth: false });
  const folder = await mkdtemp(join(tmpdir(), 'adtap-bench-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'load.pcap');
    const file = await openByteSink(path);
    await writeTraffic(traffic, pcap, file, null, () => signal.aborted);
    await file.close();
    signal.throwIfAborted();
    return { path, name: `profile ${profile}, seed ${seed}`, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
