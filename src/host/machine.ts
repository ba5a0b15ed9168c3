// The one door to the machine: files of /proc and /sys, and the few programs that know what no file says. Facts are read through
// it alone, so that a test can hand them a recorded machine. What cannot be read is null, never an exception.
import { execFile } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readdirSync, readlinkSync, readSync, statfsSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { basename, dirname, resolve } from 'node:path';

/** The longest file or answer that is read: /proc/net/route of a router has some thousand lines, nothing else comes near. */
const MAX_BYTES = 1 << 20;
/** How long a program may take: PowerShell alone needs two seconds on a busy server. */
const PROGRAM_MILLISECONDS = 10_000;

export interface Machine {
  readonly platform: NodeJS.Platform;
  /** The text of a file, at most 1 MiB of it; null when it cannot be read. */
  read(path: string): string | null;
  /** The names in a folder, sorted; null when there is no such folder. */
  list(path: string): readonly string[] | null;
  /** The last name of what a symbolic link points to; null when it is none. */
  link(path: string): string | null;
  /** Whether this process may open the path for reading and writing; null when there is no such path. */
  mayOpen(path: string): boolean | null;
  /** Room on the volume of a path; of its nearest folder that exists. Null when the system does not tell. */
  disk(path: string): DiskSpace | null;
  /** Addresses by adapter, as Node sees them: only of adapters that are up. */
  interfaces(): Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
  /** What a program prints in the C locale; null when it is missing, fails, or takes longer than 10 s. */
  run(program: string, args: readonly string[]): Promise<string | null>;
}

export interface DiskSpace {
  /** In bytes, as is the next. */
  readonly total: number;
  /** What a user without privileges may still write. */
  readonly available: number;
  /** Whether this process may make files in that folder. */
  readonly isWritable: boolean;
}

/** What files are read into; one for all, as a read never waits. */
let scratch: Buffer | undefined;

/** The machine that this process runs on. */
export const thisMachine: Machine = {
  platform: process.platform,
  read(path) {
    try {
      // Not readFileSync: files of /proc and /sys tell no size, and a stray path must not fill the memory.
      const file = openSync(path, 'r');
      try {
        scratch ??= Buffer.allocUnsafe(MAX_BYTES);
        let length = 0;
        for (let more = -1; more !== 0 && length < MAX_BYTES; length += more)
          more = readSync(file, scratch, length, MAX_BYTES - length, null);
        return scratch.toString('utf8', 0, length);
      } finally {
        closeSync(file);
      }
    } catch {
      return null;
    }
  },
  list(path) {
    try {
      return readdirSync(path).sort();
    } catch {
      return null;
    }
  },
  link(path) {
    try {
      return basename(readlinkSync(path));
    } catch {
      return null;
    }
  },
  mayOpen(path) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : false;
    }
  },
  disk(path) {
    for (let folder = resolve(path); ; folder = dirname(folder)) {
      try {
        const { bsize, blocks, bavail } = statfsSync(folder);
        return { total: bsize * blocks, available: bsize * bavail, isWritable: mayWrite(folder) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || folder === dirname(folder)) return null;
      }
    }
  },
  interfaces() {
    try {
      return networkInterfaces();
    } catch {
      // Where the system calls are not permitted, Node throws.
      return {};
    }
  },
  run(program, args) {
    const options = {
      timeout: PROGRAM_MILLISECONDS,
      maxBuffer: MAX_BYTES,
      windowsHide: true,
      env: { ...process.env, LC_ALL: 'C' },
    };
    return new Promise((resolve) => {
      execFile(program, args, options, (error, output) => resolve(error === null ? output : null)).stdin?.end();
    });
  },
};

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A file's text without the line end; null when it cannot be read or says nothing. */
export function readWord(machine: Machine, path: string): string | null {
  return machine.read(path)?.trim() || null;
}

/** A file that is one decimal number; null when it is none. */
export function readNumber(machine: Machine, path: string): number | null {
  return toNumber(readWord(machine, path));
}

/** A decimal number, or null. */
export function toNumber(text: string | null | undefined): number | null {
  return text != null && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

/** Lines `key<separator>value` as a map; of equal keys the first counts. */
export function keyValues(text: string | null, separator: string | RegExp): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const line of text?.split('\n') ?? []) {
    const at = line.search(separator);
    if (at < 0) continue;
    const key = line.slice(0, at).trim();
    if (!pairs.has(key)) pairs.set(key, line.slice(at + 1).trim());
  }
  return pairs;
}

/** What PowerShell says as JSON; null elsewhere, or when it says none. */
export async function powerShell(machine: Machine, script: string): Promise<unknown> {
  if (machine.platform !== 'win32') return null;
  const command = `${script} | ConvertTo-Json -Compress -Depth 4`;
  const output = await machine.run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', command]);
  try {
    return output === null ? null : (JSON.parse(output) as unknown);
  } catch {
    return null;
  }
}
