// Privileges, power, virtualisation and the capture library, on recorded machines.
import { mkdtempSync, rmSync, statfsSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { libraryFacts, npcapFacts, refusal } from '../../../src/host/capture-library.ts';
import { thisMachine } from '../../../src/host/machine.ts';
import { powerFacts } from '../../../src/host/power.ts';
import { privilegeFacts } from '../../../src/host/privileges.ts';
import { virtualFacts } from '../../../src/host/virtual.ts';
import { recordedMachine, under } from '../../support/recorded-machine.ts';

describe('privileges', () => {
  const linux = (capEff: string, map = '         0          0 4294967295\n') =>
    privilegeFacts(recordedMachine({ files: { '/proc/self/status': `CapEff:\t${capEff}\n`, '/proc/self/uid_map': map } }));

  it.each([
    // `capsh --decode`: cap_net_raw; cap_net_admin; both; Docker's default set, which has cap_net_raw; all.
    ['0000000000002000', true, false],
    ['0000000000001000', false, true],
    ['0000000000003000', true, true],
    ['00000000a80425fb', true, false],
    ['000001ffffffffff', true, true],
    ['0000000000000000', false, false],
    ['', null, null],
  ])('of CapEff %s', async (capEff, mayCapture, mayConfigure) => {
    expect(await linux(capEff)).toEqual({ mayCapture, mayConfigure, inUserNamespace: false });
  });

  it('are told apart in a user namespace', async () => {
    expect(await linux('000001ffffffffff', '         0       1000          1\n')).toMatchObject({ inUserNamespace: true });
  });

  it.each([
    ['Mandatory Label\\High Mandatory Level   Label   S-1-16-12288\r\n', true],
    ['Mandatory Label\\System Mandatory Level Label   S-1-16-16384\r\n', true],
    ['Mandatory Label\\Medium Mandatory Level Label   S-1-16-8192\r\n', false],
  ])('of Windows by its integrity level: %j', async (said, mayCapture) => {
    const machine = recordedMachine({ platform: 'win32', programs: { 'whoami.exe /groups': said } });
    expect(await privilegeFacts(machine)).toMatchObject({ mayCapture });
  });

  it('of macOS by its BPF devices', async () => {
    const mac = (mayOpen: Record<string, boolean>) => privilegeFacts(recordedMachine({ platform: 'darwin', mayOpen }));
    expect(await mac({ '/dev/bpf0': false, '/dev/bpf1': true })).toMatchObject({ mayCapture: true });
    expect(await mac({ '/dev/bpf0': false })).toMatchObject({ mayCapture: false });
    expect(await mac({ '/dev/null': true })).toMatchObject({ mayCapture: null });
  });
});

describe('power', () => {
  const cpu = (n: number, files: Readonly<Record<string, string>>): Record<string, string> =>
    under(`/sys/devices/system/cpu/cpu${n}/cpufreq`, files);

  it.each([
    [[{ scaling_governor: 'performance\n' }], ['performance'], true],
    [[{ scaling_governor: 'performance\n' }, { scaling_governor: 'schedutil\n' }], ['performance', 'schedutil'], false],
    [[{ scaling_governor: 'ondemand\n' }], ['ondemand'], false],
    [
      [{ scaling_governor: 'powersave\n', scaling_driver: 'intel_pstate\n', energy_performance_preference: 'performance\n' }],
      ['powersave (performance)'],
      true,
    ],
    [
      [
        {
          scaling_governor: 'powersave\n',
          scaling_driver: 'amd-pstate-epp\n',
          energy_performance_preference: 'balance_performance\n',
        },
      ],
      ['powersave (balance_performance)'],
      false,
    ],
    [[{ scaling_governor: 'powersave\n', scaling_driver: 'acpi-cpufreq\n' }], ['powersave'], false],
  ])('of Linux by %j', async (cpus, settings, isFull) => {
    const files = Object.assign({}, ...cpus.map((one, n) => cpu(n, one)));
    expect(await powerFacts(recordedMachine({ files }))).toEqual({ settings, isFull });
  });

  it('of Linux is not known where the clock is not set from here', async () => {
    const files = { '/sys/devices/system/cpu/cpu0/online': '1\n', '/sys/devices/system/cpu/cpufreq/boost': '1\n' };
    expect(await powerFacts(recordedMachine({ files }))).toEqual({ settings: [], isFull: null });
  });

  it.each([
    ['Power Scheme GUID: 381b4222-f694-41f0-9685-ff5bb260df2e  (Balanced)\r\n', ['Balanced'], false],
    ['GUID des Energieschemas: 8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c  (Höchstleistung)\r\n', ['High performance'], true],
    ['Power Scheme GUID: 11111111-2222-3333-4444-555555555555  (Ours)\r\n', ['plan 11111111-2222-3333-4444-555555555555'], null],
    ['', [], null],
  ])('of Windows by %j', async (said, settings, isFull) => {
    const machine = recordedMachine({ platform: 'win32', programs: { 'powercfg.exe /getactivescheme': said } });
    expect(await powerFacts(machine)).toEqual({ settings, isFull });
  });

  it('of macOS by pmset', async () => {
    const said = 'System-wide power settings:\nCurrently in use:\n standby              1\n lowpowermode         1\n';
    const machine = recordedMachine({ platform: 'darwin', programs: { 'pmset -g': said } });
    expect(await powerFacts(machine)).toEqual({ settings: ['low power mode'], isFull: false });
  });
});

describe('virtual machines', () => {
  const flags = (hypervisor: boolean) => ({
    '/proc/cpuinfo': `processor\t: 0\nflags\t\t: fpu vme${hypervisor ? ' hypervisor' : ''} lahf_lm\n`,
  });
  const dmi = (sys_vendor: string, product_name: string) => under('/sys/class/dmi/id', { sys_vendor, product_name });

  it.each([
    ['VMware, Inc.\n', 'VMware Virtual Platform\n', 'VMware'],
    ['Microsoft Corporation\n', 'Virtual Machine\n', 'Hyper-V'],
    ['QEMU\n', 'Standard PC (Q35 + ICH9, 2009)\n', 'KVM'],
    ['Amazon EC2\n', 'm5.large\n', 'Amazon EC2'],
    ['innotek GmbH\n', 'VirtualBox\n', 'VirtualBox'],
    ['Nobody\n', 'Nothing\n', 'a hypervisor'],
  ])('of %j %j are of %s', async (vendor, product, hypervisor) => {
    const files = { ...flags(true), ...dmi(vendor, product) };
    expect(await virtualFacts(recordedMachine({ files }))).toMatchObject({ hypervisor });
  });

  it('are not the real machines of the same makers', async () => {
    const nothing = { hypervisor: null, reserved: null, ballooned: null, hasBalloon: false };
    expect(await virtualFacts(recordedMachine({ files: { ...flags(false), ...dmi('Amazon EC2\n', 'm5.metal\n') } }))).toEqual(
      nothing,
    );
    const dom0 = { '/sys/hypervisor/type': 'xen\n', '/proc/xen/capabilities': 'control_d\n' };
    expect(await virtualFacts(recordedMachine({ files: { ...flags(true), ...dom0 } }))).toEqual(nothing);
  });

  it('without firmware are named by their clock', async () => {
    const clocks = { '/sys/devices/system/clocksource/clocksource0/available_clocksource': 'tsc kvm-clock \n' };
    expect(await virtualFacts(recordedMachine({ files: { ...flags(true), ...clocks } }))).toMatchObject({ hypervisor: 'KVM' });
  });

  it('of VMware tell what is reserved and what was taken back', async () => {
    const machine = recordedMachine({
      files: { ...flags(true), ...dmi('VMware, Inc.\n', 'VMware20,1\n'), '/sys/module/vmw_balloon/refcnt': '0\n' },
      programs: { 'vmware-toolbox-cmd stat memres': '8192 MB\n', 'vmware-toolbox-cmd stat balloon': '512 MB\n' },
    });
    expect(await virtualFacts(machine)).toEqual({
      hypervisor: 'VMware',
      reserved: 2 ** 33,
      ballooned: 2 ** 29,
      hasBalloon: true,
    });
  });

  it.each([
    ['virtio', '/sys/bus/virtio/drivers/virtio_balloon/virtio0/status', true],
    ['virtio, with no device on it', '/sys/bus/virtio/drivers/virtio_balloon/bind', false],
    ['Hyper-V', '/sys/bus/vmbus/drivers/hv_balloon/1eccfd72-4b41-45ef-b73a-4a6e44c12924/id', true],
    ['Xen', '/sys/devices/system/xen_memory/xen_memory0/target_kb', true],
  ])('with a balloon driver of %s', async (_, path, hasBalloon) => {
    const meminfo = { '/proc/meminfo': 'MemTotal: 100 kB\nBalloon:             64 kB\n' };
    expect(await virtualFacts(recordedMachine({ files: { ...flags(true), ...meminfo, [path]: '1' } }))).toMatchObject({
      hasBalloon,
      ballooned: 65_536,
    });
  });

  it('of Windows are told by CIM', async () => {
    const script = 'Get-CimInstance Win32_ComputerSystem | Select-Object Manufacturer, Model | ConvertTo-Json -Compress -Depth 4';
    const windows = (said: string) =>
      virtualFacts(
        recordedMachine({
          platform: 'win32',
          programs: { [`powershell.exe -NoProfile -NonInteractive -Command ${script}`]: said },
        }),
      );
    expect(await windows('{"Manufacturer":"Microsoft Corporation","Model":"Virtual Machine"}')).toMatchObject({
      hypervisor: 'Hyper-V',
    });
    expect(await windows('{"Manufacturer":"Dell Inc.","Model":"PowerEdge R650"}')).toMatchObject({ hypervisor: null });
    expect(await windows('null')).toMatchObject({ hypervisor: null });
  });
});

describe('the capture library', () => {
  it.each([
    ['libpcap version 1.10.3 (with TPACKET_V3)', 'libpcap', [1, 10]],
    ['Npcap version 1.79, based on libpcap version 1.10.4', 'Npcap', [1, 79]],
    ['Npcap version 0.9997, based on libpcap version 1.9.1', 'Npcap', [0, 9997]],
    [
      'WinPcap version 4.1.3 (packet.dll version 4.1.0.2980), based on libpcap version 1.0 branch 1_0_rel0b (20091008)',
      'WinPcap',
      [4, 1],
    ],
    ['Apple version 140', 'libpcap', null],
  ])('of %j', (line, name, version) => {
    expect(libraryFacts(line)).toEqual({ name, version, line });
  });

  it.each([
    ['WinPcap version 4.1.3 (packet.dll version 4.1.0.2980), based on libpcap version 1.0', 'is refused'],
    ['Npcap version 0.9990, based on libpcap version 1.9.1', 'older than 1.0'],
    ['Npcap version 1.00, based on libpcap version 1.9.1', null],
    ['libpcap version 1.4.0', 'older than 1.5'],
    ['libpcap version 1.5.0', null],
    ['libpcap version 2.0', null],
    ['Apple version 140', null],
  ])('of %j is refused or not: %j', (line, why) => {
    const refused = refusal(libraryFacts(line));
    if (why === null) expect(refused).toBeNull();
    else expect(refused).toContain(why);
  });

  const KEY = 'HKLM\\SYSTEM\\CurrentControlSet\\Services';
  const options = (adminOnly: number) =>
    `\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\npcap\\Parameters\r\n` +
    `    AdminOnly    REG_DWORD    0x${adminOnly}\r\n    Dot11Support    REG_DWORD    0x0\r\n    LoopbackSupport    REG_DWORD    0x1\r\n` +
    `    WinPcapCompatible    REG_DWORD    0x0\r\n\r\n`;

  it('tells how Npcap was installed', async () => {
    const machine = recordedMachine({ platform: 'win32', programs: { [`reg.exe query ${KEY}\\npcap\\Parameters`]: options(1) } });
    expect(await npcapFacts(machine)).toEqual({
      adminOnly: true,
      loopback: true,
      winPcapCompatible: false,
      besideWinPcap: false,
    });
  });

  it.each([
    ['system32\\DRIVERS\\npf.sys', true],
    ['\\SystemRoot\\system32\\DRIVERS\\npcap.sys', false],
  ])('finds WinPcap beside it by the driver %s', async (path, besideWinPcap) => {
    const programs = {
      [`reg.exe query ${KEY}\\npcap\\Parameters`]: options(0),
      [`reg.exe query ${KEY}\\npf /v ImagePath`]: `\r\n${KEY}\\npf\r\n    ImagePath    REG_EXPAND_SZ    ${path}\r\n\r\n`,
    };
    expect(await npcapFacts(recordedMachine({ platform: 'win32', programs }))).toMatchObject({ adminOnly: false, besideWinPcap });
  });

  it('is not Npcap where there is none', async () => {
    expect(await npcapFacts(recordedMachine({ platform: 'win32' }))).toBeNull();
    expect(await npcapFacts(recordedMachine({}))).toBeNull();
  });
});

describe('this machine', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'adtap-machine-'));
  afterAll(() => rmSync(scratch, { recursive: true }));

  it('is read to a bound, and null is what cannot be read', () => {
    const big = join(scratch, 'big');
    writeFileSync(big, 'x');
    truncateSync(big, 3 << 20);
    expect(thisMachine.read(big)).toHaveLength(1 << 20);
    expect(thisMachine.read(scratch)).toBeNull();
    expect(thisMachine.read(join(scratch, 'missing'))).toBeNull();
    expect(thisMachine.list(join(scratch, 'missing'))).toBeNull();
    expect(thisMachine.list(scratch)).toEqual(['big']);
  });

  it('tells where links lead and what may be opened', () => {
    symlinkSync('../a/virtio0', join(scratch, 'link'));
    expect(thisMachine.link(join(scratch, 'link'))).toBe('virtio0');
    expect(thisMachine.link(scratch)).toBeNull();
    expect(thisMachine.mayOpen(scratch)).toBe(true);
    expect(thisMachine.mayOpen(join(scratch, 'missing'))).toBeNull();
  });

  it('tells the room of the volume that a folder will be made on', () => {
    const { bsize, blocks } = statfsSync(scratch);
    expect(thisMachine.disk(join(scratch, 'not/yet/there'))).toMatchObject({ total: bsize * blocks });
  });

  it('runs programs in the C locale and outlives those that fail', async () => {
    expect(await thisMachine.run(process.execPath, ['-e', 'process.stdout.write(process.env.LC_ALL)'])).toBe('C');
    expect(await thisMachine.run(process.execPath, ['-e', 'process.exit(1)'])).toBeNull();
    expect(await thisMachine.run(join(scratch, 'missing'), [])).toBeNull();
    expect(await thisMachine.run(process.execPath, ['-e', 'process.stdout.write("x".repeat(2 << 20))'])).toBeNull();
    // One that waits for its input finds it closed.
    expect(await thisMachine.run(process.execPath, ['-e', 'process.stdin.resume().on("end", () => console.log("end"))'])).toBe(
      'end\n',
    );
  });
});
