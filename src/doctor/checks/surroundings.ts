// What around the sensor would spoil its work: clocks that differ, processors that slow down, a host that takes memory back.
import type { Facts } from '../facts.ts';
import { fail, pass, type Verdict, warn } from '../finding.ts';

/** Kerberos refuses clocks that differ by more (RFC 4120 section 1.6 leaves it to the realm; Active Directory's default). */
const MAX_SKEW = 300_000;
/** Clocks that are kept by anything at all differ by less. */
const GOOD_SKEW = 60_000;

export function clock({ clocks }: Facts): readonly Verdict[] {
  if (clocks.length === 0)
    return [warn('no domain controller was named: clocks are not compared', 'name them by domainControllers (--dc)')];
  return clocks.map((reading) => {
    if ('problem' in reading)
      return warn(
        `${reading.server}: ${reading.problem}: clocks are not compared`,
        'permit UDP 123 to it, or compare by other means',
      );
    const { server, offset, delay, stratum, synchronised } = reading;
    const way = `${seconds(Math.abs(offset))} ${offset < 0 ? 'behind' : 'ahead of'} this clock (±${seconds(delay / 2)})`;
    const what = `${server} is ${way}, stratum ${stratum}`;
    const remedy = 'let this machine take its time from the domain (chrony, systemd-timesyncd, w32time)';
    // Half of the round trip may lie on either side.
    if (Math.abs(offset) - delay / 2 > MAX_SKEW) return fail(`${what}: more than five minutes apart`, remedy);
    if (Math.abs(offset) > GOOD_SKEW) return warn(`${what}: more than a minute apart`, remedy);
    if (!synchronised) return warn(`${what}; it says that its own clock is not synchronised`, `give ${server} a time source`);
    return pass(what);
  });
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(3)} s`;

export function power({ power: { settings, isFull }, virtual, platform }: Facts): readonly Verdict[] {
  const what = settings.join(', ');
  if (settings.length === 0)
    return [
      pass(
        virtual.hypervisor === null
          ? 'the clock of the processors is not set from here'
          : `left to the host (${virtual.hypervisor})`,
      ),
    ];
  if (isFull === true) return [pass(what)];
  const remedy =
    platform === 'linux'
      ? 'set the governor "performance": cpupower frequency-set -g performance'
      : platform === 'win32'
        ? 'choose High performance: powercfg /setactive 8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c'
        : 'switch the low power mode off';
  return [
    isFull === null
      ? warn(`${what}: whether it keeps processors at full clock is not known`, remedy)
      : warn(`${what}: processors slow down between bursts of packets`, remedy),
  ];
}

export function vmMemory({
  virtual: { hypervisor, reserved, ballooned, hasBalloon },
  memory: { machineTotal },
}: Facts): readonly Verdict[] {
  if (hypervisor === null) return [pass('not a virtual machine')];
  const remedy = `reserve all memory of the guest at the host (${hypervisor}), and switch dynamic memory off`;
  if (ballooned !== null && ballooned > 0)
    return [warn(`${hypervisor} has taken ${(ballooned / 1e9).toFixed(1)} GB back from this guest`, remedy)];
  if (reserved !== null)
    return reserved >= machineTotal
      ? [pass(`${hypervisor}, all memory reserved`)]
      : [warn(`${hypervisor} reserves ${(reserved / 1e9).toFixed(1)} of ${(machineTotal / 1e9).toFixed(1)} GB`, remedy)];
  if (hasBalloon)
    return [warn(`${hypervisor} can take memory back from this guest; a reservation is not visible from inside`, remedy)];
  return [pass(`${hypervisor}; nothing in this guest lets it take memory back`)];
}
