// What a directory knows of computers. The directory synchroniser fills it; without one, names stand for themselves.
import type { ComputerName } from './names.ts';

export interface DirectoryComputer {
  /** What stays the same when the computer is renamed, such as the object's GUID. */
  readonly id: string;
  readonly name: ComputerName;
  readonly domain: string;
}

export interface Directory {
  /** The computer of that name; null when the directory has none, undefined when it cannot tell. */
  find(name: ComputerName, domain: string): DirectoryComputer | null | undefined;
}

/** There is no directory: it cannot tell. */
export const NO_DIRECTORY: Directory = { find: () => undefined };
