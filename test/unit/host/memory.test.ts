// Memory that can be had, of the machine and of the control groups.
import { freemem, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { memoryFacts } from '../../../src/host/memory.ts';
import { recordedMachine } from '../../support/recorded-machine.ts';
import { CGROUP2_MOUNT, dockerV1, MEMINFO_16, podV2 } from './recordings.ts';

const GIB = 2 ** 30;
const facts = (files: Record<string, string>) =>
  memoryFacts(recordedMachine({ files: { '/proc/meminfo': MEMINFO_16, ...files } }));

describe('memory', () => {
  it('is what the machine has, caches that it would give back included', () => {
    expect(facts({})).toMatchObject({
      machineTotal: 16 * GIB,
      machineAvailable: 10 * GIB,
      limit: null,
      total: 16 * GIB,
      available: 10 * GIB,
    });
    expect(facts({}).own).toBeGreaterThan(10_000_000);
  });

  it('ends where the tightest group is squeezed; its idle cache can be had', () => {
    // 6 GiB is memory.high of the pod; 3 GiB are used there, 1 GiB of them idle cache.
    expect(facts(podV2)).toMatchObject({ machineTotal: 16 * GIB, limit: 6 * GIB, total: 6 * GIB, available: 4 * GIB });
  });

  it('has limits in version 1 as well', () => {
    expect(facts(dockerV1)).toMatchObject({ limit: 4 * GIB, total: 4 * GIB, available: 2 * GIB });
  });

  it('has no limit where version 1 writes the largest number there is', () => {
    const none = { ...dockerV1, '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' };
    expect(facts(none)).toMatchObject({ limit: null, total: 16 * GIB, available: 10 * GIB });
  });

  it('is never less than nothing where a group is over its limit', () => {
    const over = {
      ...CGROUP2_MOUNT,
      '/proc/self/cgroup': '0::/a\n',
      '/sys/fs/cgroup/a/memory.max': '1000\n',
      '/sys/fs/cgroup/a/memory.current': '2000\n',
    };
    expect(facts(over)).toMatchObject({ total: 1000, available: 0 });
  });

  it('comes from Node where there is no /proc', () => {
    const { machineTotal, machineAvailable } = memoryFacts(recordedMachine({ platform: 'win32' }));
    expect(machineTotal).toBe(totalmem());
    expect(Math.abs(machineAvailable - freemem())).toBeLessThan(totalmem() / 2);
  });
});
