// What the configuration means for each part of a sensor.
import { type Config, pipelineMegabytes } from '../../config/index.ts';
import { parallelism } from '../../host/cpu.ts';
import { thisMachine } from '../../host/machine.ts';
import { protocols } from '../../protocols/registry.ts';
import { defaultFilter } from '../../shard/default-filter.ts';
import type { RotatingFile } from '../../sink/rotating-file.ts';
import { PARTITIONS } from '../../slots/layout.ts';
import type { AdapterPlan } from './adapters.ts';
import type { RestraintSettings } from './restraint.ts';

const MEBIBYTE = 1 << 20;
const SECOND = 1000;
/** Share of the memory budget that the kernel's buffers may have. */
const BUFFERS_SHARE = 0.25;
/** Memory beside the workers' heaps: slots, code, buffers. Half of what is left is theirs. */
const HEAP_SHARE = 0.5;
const LEAST_HEAP_MEGABYTES = 64;

export const workerCount = (config: Config): number =>
  config.sensor.workers === 0 ? Math.min(parallelism(thisMachine), PARTITIONS) : config.sensor.workers;

/** What the kernel is to let in, for Ethernet and for linktypes without tags. */
export function kernelFilters(config: Config): { readonly filter: string; readonly plainFilter: string } {
  const { filter, filterAdd } = config.capture;
  if (filter !== '') {
    const own = filterAdd === '' ? filter : `(${filter}) or (${filterAdd})`;
    return { filter: own, plainFilter: own };
  }
  return { filter: defaultFilter(protocols, true, filterAdd), plainFilter: defaultFilter(protocols, false, filterAdd) };
}

export function adapterPlan(config: Config): AdapterPlan {
  const { adapters, loopback, snaplen, promiscuous, timeoutMs, bufferMegabytes } = config.capture;
  return {
    names: adapters,
    loopback,
    settings: {
      snaplen,
      promiscuous,
      timeoutMs,
      bufferBytes: bufferMegabytes * MEBIBYTE,
      drainMs: (config.life.drainSeconds * SECOND) / 2,
    },
    buffersBytes: config.sensor.memory * MEBIBYTE * BUFFERS_SHARE,
    ...kernelFilters(config),
  };
}

export const rotation = ({ output }: Config): ConstructorParameters<typeof RotatingFile>[1] => ({
  rotateBytes: output.rotateMegabytes * MEBIBYTE,
  rotateSeconds: output.rotateMinutes * 60,
  keepBytes: output.keepMegabytes * MEBIBYTE,
  fsync: output.fsync,
});

export const restraintOf = ({ restraint, sensor }: Config): RestraintSettings => ({
  isEnabled: restraint.enabled,
  freeCpu: restraint.freeCpuPercent / 100,
  freeMemory: restraint.freeMemoryPercent / 100,
  memoryBytes: sensor.memory * MEBIBYTE,
});

export function heapMegabytes(config: Config, workers: number): number {
  const left = config.sensor.memory - pipelineMegabytes(config);
  return Math.max(LEAST_HEAP_MEGABYTES, Math.floor((left * HEAP_SHARE) / workers));
}
