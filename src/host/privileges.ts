// What this process may do: capture, and less than that once it does.
import { execFileSync } from 'node:child_process';
import { keyValues, type Machine } from './machine.ts';

export interface PrivilegeFacts {
  /** Whether packets can be captured; null when this system does not tell. */
  readonly mayCapture: boolean | null;
  /** Whether adapters can be set up (monitor mode, offloads); null where capturing alone decides. */
  readonly mayConfigure: boolean | null;
  /** In a user namespace capabilities hold only for the network namespaces made in it. */
  readonly inUserNamespace: boolean;
}

/** Bits of <linux/capability.h>. */
const CAP_NET_ADMIN = 12n;
const CAP_NET_RAW = 13n;
/** Integrity levels of Windows that an administrator's elevated process, and the system, have. */
const ELEVATED = /S-1-16-(12288|16384)\b/;
/** BPF devices of macOS that are tried; they are many and all alike. */
const MAX_BPF = 16;

export async function privilegeFacts(machine: Machine): Promise<PrivilegeFacts> {
  const none = { mayConfigure: null, inUserNamespace: false };
  switch (machine.platform) {
    case 'linux':
      return privilegesOfLinux(machine);
    case 'win32': {
      const groups = await machine.run('whoami.exe', ['/groups']);
      return { ...none, mayCapture: groups === null ? null : ELEVATED.test(groups) };
    }
    default: {
      const devices = machine.list('/dev')?.filter((name) => /^bpf\d+$/.test(name)) ?? [];
      const open = devices.slice(0, MAX_BPF).map((name) => machine.mayOpen(`/dev/${name}`));
      return { ...none, mayCapture: open.length === 0 ? null : open.includes(true) };
    }
  }
}

/** Capabilities, and not the user, decide (capabilities(7)): root in a container often has none of them. */
function privilegesOfLinux(machine: Machine): PrivilegeFacts {
  const effective = keyValues(machine.read('/proc/self/status'), ':').get('CapEff') ?? '';
  const bits = /^[0-9a-f]{1,16}$/i.test(effective) ? BigInt(`0x${effective}`) : null;
  const has = (bit: bigint): boolean | null => (bits === null ? null : ((bits >> bit) & 1n) === 1n);
  // Outside of user namespaces all 2^32 - 1 ids are their own (user_namespaces(7)).
  const map = machine.read('/proc/self/uid_map')?.trim().split(/\s+/) ?? [];
  const inUserNamespace = map.length > 0 && map.join(' ') !== '0 0 4294967295';
  return { mayCapture: has(CAP_NET_RAW), mayConfigure: has(CAP_NET_ADMIN), inUserNamespace };
}

/**
 * Goes on as another user, with that user's own group only: capabilities needed to open an adapter are not needed to read it.
 * Throws when it may not, or when there is no such user. False, and nothing done, where that cannot be (Windows).
 */
export function becomeUser(user: string): boolean {
  if (process.setuid === undefined || process.setgid === undefined || process.setgroups === undefined) return false;
  // Node cannot look up a user's own group.
  const group = Number(execFileSync('id', ['-g', user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  process.setgroups([]);
  process.setgid(group);
  process.setuid(user);
  return true;
}
