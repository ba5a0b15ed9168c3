// A worker thread that is killed while packets come: replaced, its losses counted, the rest goes on.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { loadConfig } from '../../dist/config/index.js';
import { openLog } from '../../dist/runtime/log.js';
import { Sensor } from '../../dist/runtime/sensor.js';
import { Wire } from './support/net.ts';
import { play } from './support/sensor.ts';

const FILE = 'fixtures/lab/first-look.pcap';

it('replaces a worker that is killed under load and counts what was lost with it', async () => {
  using wire = new Wire();
  const folder = mkdtempSync(join(tmpdir(), 'adtap-worker-'));
  const out = join(folder, 'out.ndjson');
  const workers: Worker[] = [];
  const note = (worker: Worker): number => workers.push(worker);
  process.on('worker', note);
  try {
    const set = new Map<string, unknown>([
      ['capture.adapters', [wire.tap]],
      ['capture.filter', 'greater 1'],
      ['sensor.workers', 2],
      ['output.path', out],
      ['metrics.listen', 'off'],
      ['restraint.enabled', false],
      ['log.level', 'silent'],
    ]);
    const { config } = loadConfig(null, {}, set);
    const sensor = await Sensor.start(config, openLog('silent', false), 'test');
    const running = sensor.run();
    await expect.poll(() => workers.length).toBe(2);
    // As fast as it goes: the workers are never idle when they are killed.
    const playing = play(FILE, wire.far, '--seconds', '5');
    for (const round of [0, 1]) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      void workers[round]!.terminate();
      await once(workers[round]!, 'exit');
    }
    await playing;
    const before = sensor.status().lines.written;
    await play(FILE, wire.far, '--rate', '5000');
    await expect.poll(() => sensor.status().lines.written, { timeout: 10_000 }).toBeGreaterThan(before);
    sensor.stop();
    const summary = await running;
    expect(summary.crashes).toBe(2);
    expect(workers.length).toBe(4);
    expect(summary.isDrained).toBe(true);
    expect(summary.packets).toBe(summary.delivered);
    expect(summary.decoded + summary.ignored + summary.dropped).toBe(summary.packets);
    expect(summary.ends.some(({ end, reason, packets }) => end === 'dropped' && reason === 'worker-lost' && packets > 0)).toBe(
      true,
    );
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    expect(lines.length).toBe(summary.lines.written);
    for (const line of lines) JSON.parse(line);
  } finally {
    process.off('worker', note);
    rmSync(folder, { recursive: true });
  }
});

it('gives up with a clear error when workers keep crashing', async () => {
  using wire = new Wire();
  const workers: Worker[] = [];
  const kill = (worker: Worker): void => {
    workers.push(worker);
    // Its first message says that it is ready.
    worker.once('message', () => setTimeout(() => void worker.terminate(), 50));
  };
  process.on('worker', kill);
  try {
    const set = new Map<string, unknown>([
      ['capture.adapters', [wire.tap]],
      ['sensor.workers', 1],
      ['output.path', '/dev/null'],
      ['metrics.listen', 'off'],
      ['life.crashesPerMinute', 2],
      ['log.level', 'silent'],
    ]);
    const sensor = await Sensor.start(loadConfig(null, {}, set).config, openLog('silent', false), 'test');
    await expect(sensor.run()).rejects.toMatchObject({
      code: 'ADTAP_E_WORKER',
      message: expect.stringContaining('crashed 3 times within a minute') as string,
    });
    expect(workers.length).toBeGreaterThanOrEqual(3);
  } finally {
    process.off('worker', kill);
  }
});

it('ends with a clear error when a worker does not even start', async () => {
  using wire = new Wire();
  const kill = (worker: Worker): void => void worker.terminate();
  process.on('worker', kill);
  try {
    const set = new Map<string, unknown>([
      ['capture.adapters', [wire.tap]],
      ['sensor.workers', 2],
      ['output.path', '/dev/null'],
      ['metrics.listen', 'off'],
      ['log.level', 'silent'],
    ]);
    const sensor = await Sensor.start(loadConfig(null, {}, set).config, openLog('silent', false), 'test');
    await expect(sensor.run()).rejects.toMatchObject({
      code: 'ADTAP_E_WORKER',
      message: expect.stringMatching(/^a worker ended before it was ready/) as string,
    });
  } finally {
    process.off('worker', kill);
  }
});
