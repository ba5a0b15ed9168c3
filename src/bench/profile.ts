// Where processor time goes, by room of the house: V8's sampling profiles of all threads, added up by the folder of the function.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Seconds of processor time by stage. Stages are the folders of src/; protocols are split by protocol. */
export interface StageShares {
  readonly seconds: number;
  readonly stages: readonly { readonly stage: string; readonly seconds: number; readonly share: number }[];
}

/** The form of a .cpuprofile file (Chrome DevTools Protocol, Profiler.Profile), as far as it is read. */
export interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

const FOLDER = /\/(?:src|dist)\/(?:(protocols\/[a-z0-9-]+)\/|([a-z0-9-]+)\/)?[^/]*\.[jt]s$|\/(?:src|dist)\/([a-z0-9-]+)\//;

/** The stage of a function; null for time in which the thread slept. */
export function stageOf(functionName: string, url: string): string | null {
  if (functionName === '(idle)' || (functionName === 'wait' && (url === '' || url.includes('/slots/')))) return null;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url.includes('/node_modules/')) return 'packages';
  const [, protocol, folder, above] = FOLDER.exec(url) ?? [];
  if (protocol !== undefined) return protocol;
  if (folder !== undefined) return folder === 'bench' ? 'load (not adtap)' : folder;
  if (above !== undefined) return above;
  return 'node';
}

export function sumProfiles(profiles: readonly Profile[]): StageShares {
  const seconds = new Map<string, number>();
  for (const { nodes, samples, timeDeltas } of profiles) {
    const stages = new Map(nodes.map(({ id, callFrame }) => [id, stageOf(callFrame.functionName, callFrame.url)]));
    samples.forEach((id, index) => {
      const stage = stages.get(id);
      if (stage !== null && stage !== undefined)
        // The time until the next sample is what this one stands for.
        seconds.set(stage, (seconds.get(stage) ?? 0) + (timeDeltas[index + 1] ?? 0) / 1e6);
    });
  }
  const total = [...seconds.values()].reduce((sum, one) => sum + one, 0);
  return {
    seconds: total,
    stages: [...seconds]
      .map(([stage, own]) => ({ stage, seconds: own, share: total === 0 ? 0 : own / total }))
      .sort((a, b) => b.seconds - a.seconds || a.stage.localeCompare(b.stage)),
  };
}

/** Adds up the profiles that a process and its workers left in a folder. */
export function readProfiles(folder: string): StageShares {
  return sumProfiles(
    readdirSync(folder)
      .filter((name) => name.endsWith('.cpuprofile'))
      .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile),
  );
}
