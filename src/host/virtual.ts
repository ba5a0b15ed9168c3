// Whether this machine is a virtual one, and whether its host may take memory away from it.
import { keyValues, type Machine, powerShell, readWord, toNumber } from './machine.ts';

export interface VirtualFacts {
  /** Name of the hypervisor, or null on real hardware. */
  readonly hypervisor: string | null;
  /** Bytes that the host has promised; null when it does not tell the guest. */
  readonly reserved: number | null;
  /** Bytes that the host has taken back; null when there is no way to know. */
  readonly ballooned: number | null;
  /** Whether there is a driver through which the host takes memory back. */
  readonly hasBalloon: boolean;
}

const MEBIBYTE = 2 ** 20;
const TOOLS_OF_WINDOWS = 'C:\\Program Files\\VMware\\VMware Tools\\VMwareToolboxCmd.exe';

/** Words in what firmware says of the maker and the model. First match counts. */
const MAKERS: readonly (readonly [RegExp, string])[] = [
  [/vmware/i, 'VMware'],
  [/microsoft corporation.*virtual machine/i, 'Hyper-V'],
  [/virtualbox|innotek/i, 'VirtualBox'],
  [/parallels/i, 'Parallels'],
  [/nutanix/i, 'Nutanix AHV'],
  [/amazon ec2/i, 'Amazon EC2'],
  [/google compute engine/i, 'Google Compute Engine'],
  [/\bxen\b/i, 'Xen'],
  [/qemu|\bkvm\b|openstack|red hat|ovirt|proxmox|bochs/i, 'KVM'],
  [/bhyve/i, 'bhyve'],
];

export async function virtualFacts(machine: Machine): Promise<VirtualFacts> {
  const hypervisor = await hypervisorOf(machine);
  if (hypervisor === null) return { hypervisor: null, reserved: null, ballooned: null, hasBalloon: false };
  const tools = machine.platform === 'win32' ? TOOLS_OF_WINDOWS : 'vmware-toolbox-cmd';
  const ask = async (what: string): Promise<number | null> =>
    hypervisor === 'VMware' ? mebibytes(await machine.run(tools, ['stat', what])) : null;
  return {
    hypervisor,
    reserved: await ask('memres'),
    ballooned: balloonedOf(machine) ?? (await ask('balloon')),
    hasBalloon: hasBalloon(machine, hypervisor),
  };
}

async function hypervisorOf(machine: Machine): Promise<string | null> {
  if (machine.platform === 'darwin')
    return (await machine.run('sysctl', ['-n', 'kern.hv_vmm_present']))?.trim() === '1' ? 'a hypervisor' : null;
  if (machine.platform === 'win32') {
    // Not HypervisorPresent: that is true on a host with Hyper-V, too.
    const system = await powerShell(machine, 'Get-CimInstance Win32_ComputerSystem | Select-Object Manufacturer, Model');
    const { Manufacturer, Model } = (system ?? {}) as { Manufacturer?: unknown; Model?: unknown };
    return maker(`${Manufacturer} ${Model}`);
  }
  const dmi = ['sys_vendor', 'product_name', 'bios_vendor'].map((name) => readWord(machine, `/sys/class/dmi/id/${name}`) ?? '');
  const named = maker(dmi.join(' '));
  const xen = readWord(machine, '/sys/hypervisor/type') === 'xen';
  // The control domain of Xen sees the hypervisor as well, but all the memory is its own.
  if (xen) return machine.read('/proc/xen/capabilities')?.includes('control_d') ? null : 'Xen';
  // Real machines of clouds carry the same maker's name: on x86 a bit of CPUID decides.
  const flags = keyValues(machine.read('/proc/cpuinfo'), ':').get('flags');
  if (flags !== undefined) return flags.split(' ').includes('hypervisor') ? (named ?? byClock(machine) ?? 'a hypervisor') : null;
  return named ?? (machine.list('/proc/device-tree/hypervisor') === null ? null : 'a hypervisor');
}

/** Small virtual machines have no firmware to name them, but the hypervisor's own clock. */
function byClock(machine: Machine): string | null {
  const clocks = readWord(machine, '/sys/devices/system/clocksource/clocksource0/available_clocksource') ?? '';
  return CLOCKS.find(([words]) => words.test(clocks))?.[1] ?? null;
}

const CLOCKS: readonly (readonly [RegExp, string])[] = [
  [/\bkvm-clock\b/, 'KVM'],
  [/\bhyperv_clocksource/, 'Hyper-V'],
  [/\bxen\b/, 'Xen'],
];

const maker = (said: string): string | null => MAKERS.find(([words]) => words.test(said))?.[1] ?? null;

/** `stat` of VMware's tools answers "1024 MB". */
function mebibytes(said: string | null): number | null {
  const value = toNumber(/^(\d+) MB/.exec(said ?? '')?.[1]);
  return value === null ? null : value * MEBIBYTE;
}

/** What the kernel counts as taken back; Linux 6.16 and later. */
function balloonedOf(machine: Machine): number | null {
  const counted = toNumber(keyValues(machine.read('/proc/meminfo'), ':').get('Balloon')?.replace(/ kB$/, ''));
  return counted === null ? null : counted * 1024;
}

function hasBalloon(machine: Machine, hypervisor: string): boolean {
  const bound = (driver: string, device: RegExp): boolean => machine.list(driver)?.some((name) => device.test(name)) ?? false;
  return (
    bound('/sys/bus/virtio/drivers/virtio_balloon', /^virtio\d+$/) ||
    bound('/sys/bus/vmbus/drivers/hv_balloon', /^[0-9a-f-]{36}$/) ||
    machine.list('/sys/devices/system/xen_memory/xen_memory0') !== null ||
    (hypervisor === 'VMware' && machine.list('/sys/module/vmw_balloon') !== null)
  );
}
