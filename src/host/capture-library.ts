// libpcap, Npcap or WinPcap: which one was loaded, in which version, and how Npcap was installed.
import type { Machine } from './machine.ts';

/** A library that is loaded. */
export interface CaptureLibrary {
  /** The line of pcap_lib_version(3PCAP). */
  readonly version: string;
  devices(): readonly CaptureDevice[];
  /** LINKTYPE_ number of a device; throws where it cannot be opened. */
  linktype(device: string): number;
}

/** An entry of pcap_findalldevs(3PCAP). */
export interface CaptureDevice {
  readonly name: string;
  readonly description: string;
  readonly addresses: readonly { readonly address: string; readonly netmask: string }[];
  readonly isUp: boolean;
  readonly isRunning: boolean;
  readonly isLoopback: boolean;
  readonly isWireless: boolean;
}

/** The library, or one sentence that says why there is none and what to do; `standIn` names what captures in its place. */
export type LoadedLibrary = CaptureLibrary | { readonly problem: string; readonly standIn: string | null };

export type LibraryName = 'libpcap' | 'Npcap' | 'WinPcap';

export interface LibraryFacts {
  readonly name: LibraryName;
  /** Major and minor; null when the line is of an unknown form. */
  readonly version: readonly [number, number] | null;
  /** The library's own words. */
  readonly line: string;
}

/** Lines such as `libpcap version 1.10.3 (with TPACKET_V3)` and `Npcap version 1.79, based on libpcap version 1.10.4`. */
export function libraryFacts(line: string): LibraryFacts {
  const [, name, major, minor] = /^(libpcap|Npcap|WinPcap) version (\d{1,4})\.(\d{1,4})/.exec(line) ?? [];
  const version = major === undefined || minor === undefined ? null : ([Number(major), Number(minor)] as const);
  return { name: (name as LibraryName | undefined) ?? 'libpcap', version, line };
}

/** Oldest versions that are taken. libpcap 1.5 brought nanosecond timestamps; Npcap 1.0 is what Defender for Identity asks for. */
const OLDEST: Readonly<Record<Exclude<LibraryName, 'WinPcap'>, readonly [number, number]>> = { libpcap: [1, 5], Npcap: [1, 0] };

/** Why a library is not captured with, or null. One of unknown version is given the benefit of the doubt. */
export function refusal({ name, version, line }: LibraryFacts): string | null {
  if (name === 'WinPcap') return `${line}: WinPcap is no longer maintained and is refused`;
  const [major, minor] = OLDEST[name];
  if (version === null || version[0] > major || (version[0] === major && version[1] >= minor)) return null;
  return `${line}: older than ${major}.${minor}`;
}

/** How the driver of Npcap was installed. */
export interface NpcapFacts {
  /** Only elevated processes may capture. */
  readonly adminOnly: boolean;
  readonly loopback: boolean;
  readonly winPcapCompatible: boolean;
  /** WinPcap's own driver is there as well. */
  readonly besideWinPcap: boolean;
}

const SERVICES = 'HKLM\\SYSTEM\\CurrentControlSet\\Services';

/** From the registry, where Npcap 0.93 and later keep their options; null where there is no Npcap. */
export async function npcapFacts(machine: Machine): Promise<NpcapFacts | null> {
  if (machine.platform !== 'win32') return null;
  const said = await machine.run('reg.exe', ['query', `${SERVICES}\\npcap\\Parameters`]);
  if (said === null) return null;
  const isOn = (option: string): boolean => new RegExp(`^\\s+${option}\\s+REG_DWORD\\s+0x0*1\\s*$`, 'm').test(said);
  return {
    adminOnly: isOn('AdminOnly'),
    loopback: isOn('LoopbackSupport'),
    winPcapCompatible: isOn('WinPcapCompatible'),
    besideWinPcap: await hasWinPcap(machine),
  };
}

/** The driver of WinPcap is npf.sys. Npcap in WinPcap mode before 0.9985 took the same name of service, for its own npcap.sys. */
async function hasWinPcap(machine: Machine): Promise<boolean> {
  const said = await machine.run('reg.exe', ['query', `${SERVICES}\\npf`, '/v', 'ImagePath']);
  return /\bnpf\.sys\b/i.test(said ?? '');
}
