// Facts are gathered for real, once; what a test must know is put in place of the capture library and the time servers.
import { availableParallelism, networkInterfaces, tmpdir, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { gatherFacts, type Plan } from '../../../src/doctor/facts.ts';
import { examine } from '../../../src/doctor/registry.ts';
import type { LoadedLibrary } from '../../../src/host/capture-library.ts';
import { thisMachine } from '../../../src/host/machine.ts';
import type { ClockQuestion } from '../../../src/host/sntp/client.ts';
import { device } from '../../support/doctor-facts.ts';

const plan = (change: Partial<Plan> = {}): Plan => ({
  isStandalone: false,
  capture: [],
  loopback: false,
  management: null,
  domainControllers: [],
  folder: tmpdir(),
  memoryBudget: 2 ** 31,
  ...change,
});
const library = (devices: () => never[] | ReturnType<typeof device>[]): LoadedLibrary => ({
  version: 'libpcap version 1.10.4 (with TPACKET_V3)',
  devices,
  linktype: () => 1,
});

describe('facts', () => {
  it('of this machine agree with what Node tells of it', async () => {
    const asked: ClockQuestion[] = [];
    const names = Object.keys(networkInterfaces());
    const facts = await gatherFacts(
      thisMachine,
      library(() => names.map((name) => device(name))),
      plan({ domainControllers: ['192.0.2.10'] }),
      async (question) => {
        asked.push(question);
        return { server: question.server, problem: 'no answer' };
      },
    );
    expect(facts.library).toMatchObject({ name: 'libpcap', version: [1, 10] });
    expect(facts.adapters.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    expect(facts.cpu.allowed).toBeGreaterThanOrEqual(facts.cpu.physical ?? 1);
    expect(facts.cpu.usable).toBeLessThanOrEqual(availableParallelism());
    // The kernel rounds MemTotal to a page, Node asks sysinfo(2) for the same.
    expect(Math.abs(facts.memory.machineTotal - totalmem())).toBeLessThan(2 ** 20);
    expect(facts.disk?.isWritable).toBe(true);
    expect(facts.privileges.mayCapture === null || typeof facts.privileges.mayCapture === 'boolean').toBe(true);
    expect(asked).toEqual([{ server: '192.0.2.10' }]);
    expect(facts.clocks).toEqual([{ server: '192.0.2.10', problem: 'no answer' }]);
    // Whatever this machine is like, each check says something of it.
    expect(new Set(examine(facts).map(({ check }) => check)).size).toBeGreaterThanOrEqual(10);
  });

  it('of a library that cannot list its devices are its own words', async () => {
    const broken = library(() => {
      throw new Error('socket: Operation not permitted');
    });
    const { library: found } = await gatherFacts(thisMachine, broken, plan());
    expect(found).toEqual({
      problem: 'libpcap version 1.10.4 (with TPACKET_V3) does not list its devices: socket: Operation not permitted',
      standIn: null,
    });
  });

  it('of a standalone sensor without a management adapter ask no clock', async () => {
    const asked: ClockQuestion[] = [];
    const { clocks } = await gatherFacts(
      thisMachine,
      { problem: 'none', standIn: null },
      plan({ isStandalone: true, domainControllers: ['192.0.2.10'] }),
      async (question) => {
        asked.push(question);
        return { server: question.server, problem: 'no answer' };
      },
    );
    expect(asked).toEqual([]);
    expect(clocks).toHaveLength(1);
  });
});
