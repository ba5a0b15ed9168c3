// A machine that is a table of recorded texts: files by path, symbolic links, and what programs print.
import type { Machine } from '../../src/host/machine.ts';

export interface Recorded {
  readonly platform?: NodeJS.Platform;
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  /** By program and arguments, joined by blanks. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly mayOpen?: Readonly<Record<string, boolean>>;
  readonly interfaces?: ReturnType<Machine['interfaces']>;
  readonly disk?: ReturnType<Machine['disk']>;
}

export function recordedMachine(recorded: Recorded): Machine {
  const { files = {}, links = {}, programs = {}, mayOpen = {}, interfaces = {}, disk = null } = recorded;
  const paths = [...Object.keys(files), ...Object.keys(links), ...Object.keys(mayOpen)];
  return {
    platform: recorded.platform ?? 'linux',
    read: (path) => files[path] ?? null,
    list(path) {
      const inside = paths.filter((one) => one.startsWith(`${path}/`)).map((one) => one.slice(path.length + 1).split('/')[0]!);
      return inside.length === 0 ? null : [...new Set(inside)].sort();
    },
    link: (path) => links[path]?.split('/').at(-1) ?? null,
    mayOpen: (path) => mayOpen[path] ?? null,
    disk: () => disk,
    interfaces: () => interfaces,
    run: async (program, args) => programs[[program, ...args].join(' ')] ?? null,
  };
}

/** Files under a folder, for tables that would repeat it. */
export function under(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}
