// The adapters of the system and the devices of the capture library as one list: what each calls the same thing, and who knows it.
import type { Adapter, AdapterKind } from '../host/adapters/adapter.ts';
import type { CaptureDevice, LoadedLibrary } from '../host/capture-library.ts';
import { LINKTYPE } from '../link/link.ts';

export interface AdapterRow {
  /** What `--adapter` takes. */
  readonly name: string;
  /** The capture library's name; null when it does not list the adapter. */
  readonly device: string | null;
  readonly description: string;
  readonly kind: AdapterKind;
  readonly state: Adapter['state'];
  /** Name or number of what frames begin with; null when the device cannot be opened. */
  readonly linktype: string | null;
  /** Bits per second. */
  readonly speed: number | null;
  /** Whether promiscuous mode shows frames of other hosts; null when that is not known. */
  readonly promiscuous: boolean | null;
  /** With the length of the network where it is known. */
  readonly addresses: readonly string[];
  readonly gateways: readonly string[] | null;
  readonly nameServers: readonly string[] | null;
  readonly master: string | null;
  readonly members: readonly string[];
}

/** Kinds that take any frame which reaches them, when asked to. Wireless ones mostly do not: the access point encrypts by host. */
const PROMISCUOUS: Readonly<Record<AdapterKind, boolean | null>> = {
  ethernet: true,
  bond: true,
  team: true,
  bridge: true,
  vlan: true,
  wireless: false,
  loopback: false,
  tunnel: false,
  other: null,
};

const LINKTYPE_NAMES = new Map<number, string>(Object.entries(LINKTYPE).map(([name, value]) => [value, name]));

/** Devices first, in the library's order (it puts the likely ones there); then adapters that it does not list. */
export function listAdapters(
  all: readonly Adapter[],
  library: LoadedLibrary,
): { readonly rows: readonly AdapterRow[]; readonly problem: string | null } {
  if ('problem' in library) return { rows: all.map((one) => rowOf(one, null, null)), problem: library.problem };
  let devices: readonly CaptureDevice[];
  try {
    devices = library.devices();
  } catch (error) {
    return { rows: all.map((one) => rowOf(one, null, null)), problem: (error as Error).message };
  }
  const rows = devices.map((device) => {
    const adapter = all.find((one) => one.device === device.name);
    return rowOf(
      adapter,
      device,
      linktypeOf(() => library.linktype(device.name)),
    );
  });
  const unlisted = all.filter((one) => !devices.some((device) => device.name === one.device));
  return { rows: [...rows, ...unlisted.map((one) => rowOf(one, null, null))], problem: null };
}

function rowOf(adapter: Adapter, device: CaptureDevice | null, linktype: string | null): AdapterRow;
function rowOf(adapter: Adapter | undefined, device: CaptureDevice, linktype: string | null): AdapterRow;
function rowOf(adapter: Adapter | undefined, device: CaptureDevice | null, linktype: string | null): AdapterRow {
  const kind = kindOf(adapter, device);
  return {
    name: adapter?.name ?? device?.name ?? '',
    device: device?.name ?? null,
    description: device?.description || adapter?.description || '',
    kind,
    // The library's own devices, such as "any", have no link; the system knows better where it knows the adapter at all.
    state: adapter !== undefined && adapter.kind !== 'other' ? adapter.state : device?.isUp === false ? 'down' : 'up',
    linktype,
    speed: adapter?.speed ?? null,
    promiscuous: PROMISCUOUS[kind],
    addresses: addressesOf(adapter, device),
    gateways: adapter?.gateways ?? null,
    nameServers: adapter?.nameServers ?? null,
    master: adapter?.master ?? null,
    members: adapter?.members ?? [],
  };
}

function kindOf(adapter: Adapter | undefined, device: CaptureDevice | null): AdapterKind {
  if (adapter !== undefined && adapter.kind !== 'other') return adapter.kind;
  return device?.isLoopback ? 'loopback' : device?.isWireless ? 'wireless' : 'other';
}

/** The system's addresses have the length of their network; the library knows those of adapters that are down, too. */
function addressesOf(adapter: Adapter | undefined, device: CaptureDevice | null): readonly string[] {
  const own = adapter?.addresses.map(({ address, prefix }) => (prefix === null ? address : `${address}/${prefix}`)) ?? [];
  return own.length > 0 ? own : (device?.addresses.map(({ address }) => address) ?? []);
}

function linktypeOf(ask: () => number): string | null {
  try {
    const number = ask();
    return LINKTYPE_NAMES.get(number) ?? String(number);
  } catch {
    return null;
  }
}
