// What the sensor learns of clocks and power, and what health makes of it.
import { describe, expect, it } from 'vitest';
import { type Condition, examine } from '../../../src/health/examine.ts';
import type { ClockQuestion, ClockReading } from '../../../src/host/sntp/client.ts';
import { Surroundings, type SurroundingsPlan } from '../../../src/runtime/live/surroundings.ts';
import { openLog } from '../../../src/runtime/log.ts';
import { recordedMachine } from '../../support/recorded-machine.ts';

const plan: SurroundingsPlan = { isStandalone: false, management: '', domainControllers: ['192.0.2.10', '192.0.2.11'] };
const governor = (name: string) =>
  recordedMachine({ files: { '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': `${name}\n` } });

type Answer = { offset: number; delay: number } | { problem: string };

/** Surroundings whose servers answer what a table says now, and the questions that were asked. */
function around(answers: Record<string, Answer>, change: Partial<SurroundingsPlan> = {}, machine = governor('performance')) {
  const asked: ClockQuestion[] = [];
  const surroundings = new Surroundings(machine, { ...plan, ...change }, openLog('silent', false), async (question) => {
    asked.push(question);
    const { server } = question;
    const answer = answers[server] ?? { problem: 'no answer' };
    return { server, ...('problem' in answer ? answer : { ...answer, stratum: 2, synchronised: true }) } satisfies ClockReading;
  });
  return { surroundings, asked, answers };
}

const issues = ({ clockOffsets, powerProblem }: Surroundings) => {
  const condition: Condition = {
    now: 100,
    started: 0,
    adapters: [{ name: 'eth0', isCapturing: true, reason: '' }],
    controllers: [],
    packets: { seen: 0, lost: 0 },
    before: { seen: 0, lost: 0 },
    isLossKnown: true,
    residentBytes: 0,
    memoryBytes: 1,
    component: [],
    outputFault: '',
    clockOffsets,
    powerProblem,
  };
  return examine(condition, { silenceSeconds: 300, lossPercent: 1 }).map(({ key, subject, message }) => [key, subject, message]);
};

describe('surroundings', () => {
  it('that are good raise no issue', async () => {
    const { surroundings } = around({ '192.0.2.10': { offset: 299_000, delay: 0 }, '192.0.2.11': { offset: -5, delay: 1 } });
    await surroundings.look(true);
    expect([...surroundings.clockOffsets]).toEqual([
      ['192.0.2.10', 299_000],
      ['192.0.2.11', -4.5],
    ]);
    expect(issues(surroundings)).toEqual([]);
  });

  it('raise an issue for a clock five minutes off, if the round trip leaves no doubt', async () => {
    const { surroundings } = around({
      '192.0.2.10': { offset: -400_000, delay: 20 },
      '192.0.2.11': { offset: 300_900, delay: 2000 },
    });
    await surroundings.look(true);
    expect(issues(surroundings)).toEqual([['clockSkew', '192.0.2.10', '-400 seconds ahead of ours']]);
  });

  it('forget a clock that does not answer any more', async () => {
    const { surroundings, answers } = around({ '192.0.2.10': { offset: 400_000, delay: 0 } });
    await surroundings.look(true);
    expect(surroundings.clockOffsets.size).toBe(1);
    answers['192.0.2.10'] = { problem: 'no answer' };
    await surroundings.look(true);
    expect(surroundings.clockOffsets.size).toBe(0);
  });

  it('send nothing when they may not, or when no domain controller is configured', async () => {
    const off = around({ '192.0.2.10': { offset: 400_000, delay: 0 } });
    await off.surroundings.look(true);
    expect(off.asked).toHaveLength(2);
    await off.surroundings.look(false);
    expect(off.asked).toHaveLength(2);
    expect(off.surroundings.clockOffsets.size).toBe(0);
    const none = around({}, { domainControllers: [] });
    await none.surroundings.look(true);
    expect(none.asked).toEqual([]);
  });

  it('send nothing without the management adapter in standalone mode', async () => {
    const { surroundings, asked } = around({}, { isStandalone: true, management: 'mgmt0' });
    await surroundings.look(true);
    expect(asked).toEqual([]);
  });

  it('are looked at once at a time, and not after the end', async () => {
    const { surroundings, asked } = around({ '192.0.2.10': { offset: 1, delay: 0 } });
    await Promise.all([surroundings.look(true), surroundings.look(true), surroundings.look(true)]);
    expect(asked).toHaveLength(2);
    surroundings.close();
    await surroundings.look(true);
    expect(asked.slice(2).every(({ signal }) => signal?.aborted)).toBe(true);
  });

  it.each([
    ['powersave', [['powerPlan', '', 'powersave: processors slow down between bursts of packets']]],
    ['performance', []],
  ])('raise an issue for the governor %s', async (name, found) => {
    const { surroundings } = around({}, {}, governor(name));
    await surroundings.look(false);
    expect(issues(surroundings)).toEqual(found);
  });
});
