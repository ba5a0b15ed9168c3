// What a machine was measured to need: points of rate, cores and memory, written by `adtap bench --model`, read by sizing.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AdtapError } from '../errors.ts';

const amount = z.number().nonnegative();

const modelSchema = z.strictObject({
  form: z.literal('adtap-model-1'),
  adtap: z.string(),
  measuredOn: z.string(),
  load: z.string(),
  workers: z.int().positive(),
  budget: z.strictObject({ cores: z.number().positive(), memoryGib: z.number().positive(), words: z.string() }),
  /** Packets per second that were held without loss, and what they took; rates rise. */
  points: z
    .array(z.strictObject({ packetsPerSecond: amount, cores: amount, memoryGib: amount }))
    .min(1)
    .refine(
      (points) => points.every((point, index) => index === 0 || point.packetsPerSecond > points[index - 1]!.packetsPerSecond),
      {
        message: 'the rates must rise from point to point',
      },
    ),
});

export type Model = z.infer<typeof modelSchema>;

export function readModel(path: string): Model {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new AdtapError('ADTAP_E_MODEL', `${path}: cannot be read as JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = modelSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AdtapError(
    'ADTAP_E_MODEL',
    `${path}: not a model that adtap bench --model writes: ${issue?.path.join('.') || 'it'}: ${issue?.message}`,
  );
}

/** The highest rate of the model: beyond it nothing was held. */
export const highestOf = (model: Model): number => model.points.at(-1)?.packetsPerSecond ?? 0;

/** Cores and GiB that a rate takes, between the points that were measured; null beyond the highest. */
export function needsAt(model: Model, packetsPerSecond: number): { readonly cores: number; readonly memoryGib: number } | null {
  const { points } = model;
  const above = points.findIndex((point) => point.packetsPerSecond >= packetsPerSecond);
  if (above < 0) return null;
  const high = points[above]!;
  // Below the lowest point its figures stand: an idle pipeline is not free.
  if (above === 0) return { cores: high.cores, memoryGib: high.memoryGib };
  const low = points[above - 1]!;
  const part = (packetsPerSecond - low.packetsPerSecond) / (high.packetsPerSecond - low.packetsPerSecond);
  return {
    cores: low.cores + part * (high.cores - low.cores),
    memoryGib: low.memoryGib + part * (high.memoryGib - low.memoryGib),
  };
}

/** The highest rate whose needs fit into so many cores and GiB; 0 when not even the lowest point does. */
export function rateWithin(model: Model, cores: number, memoryGib: number): number {
  const fits = (rate: number): boolean => {
    const needs = needsAt(model, rate);
    return needs !== null && needs.cores <= cores && needs.memoryGib <= memoryGib;
  };
  let low = 0;
  for (let index = 0; index < model.points.length; index++) {
    const rate = model.points[index]!.packetsPerSecond;
    if (fits(rate)) {
      low = rate;
      continue;
    }
    if (index === 0) return 0;
    let high = rate;
    while (high - low > 1) {
      const middle = (low + high) / 2;
      if (fits(middle)) low = middle;
      else high = middle;
    }
    break;
  }
  return Math.floor(low);
}
