import { describe, expect, it } from 'vitest';
import { TALKER_SECONDS, Talkers } from '../../../src/metrics/talkers.ts';

const seen = (talkers: Talkers, key: number, times: number): void => {
  for (let i = 0; i < times; i++) talkers.see(key, () => `10.0.0.${key}`);
};

describe('Talkers', () => {
  it('shows the busiest of the window that ended, busiest first, and what the others are together', () => {
    const talkers = new Talkers();
    for (const [key, times] of [
      [1, 20],
      [2, 50],
      [3, 10],
      [4, 5],
    ] as const)
      seen(talkers, key, times);
    expect(talkers.top).toEqual({ talkers: [], others: 0 });
    talkers.turn(2);
    // A window has ten seconds.
    expect(TALKER_SECONDS).toBe(10);
    expect(talkers.top).toEqual({
      talkers: [
        { ip: '10.0.0.2', rate: 5 },
        { ip: '10.0.0.1', rate: 2 },
      ],
      others: 1.5,
    });
  });

  it('begins each window anew', () => {
    const talkers = new Talkers();
    seen(talkers, 1, 30);
    talkers.turn(5);
    seen(talkers, 2, 10);
    talkers.turn(5);
    expect(talkers.top).toEqual({ talkers: [{ ip: '10.0.0.2', rate: 1 }], others: 0 });
    talkers.turn(5);
    expect(talkers.top).toEqual({ talkers: [], others: 0 });
  });

  it('counts those it has no room for as others, in their window only, and goes on with those it knows', () => {
    const talkers = new Talkers();
    const room = 4096;
    for (let key = 0; key < room + 100; key++) seen(talkers, key, 1);
    seen(talkers, 7, 9);
    talkers.turn(1);
    expect(talkers.top.talkers).toEqual([{ ip: '10.0.0.7', rate: 1 }]);
    expect(talkers.top.others).toBeCloseTo((room - 1 + 100) / 10, 9);
    talkers.turn(1);
    expect(talkers.top).toEqual({ talkers: [], others: 0 });
  });

  it('asks for an address as text once a window', () => {
    const talkers = new Talkers();
    let asked = 0;
    for (let i = 0; i < 5; i++)
      talkers.see(1, () => {
        asked++;
        return '10.0.0.1';
      });
    expect(asked).toBe(1);
  });
});
