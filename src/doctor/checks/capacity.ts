// Is the machine large enough. The least is what Microsoft asks for a sensor of Defender for Identity.
import type { Facts } from '../facts.ts';
import { fail, pass, type Verdict, warn } from '../finding.ts';

const LEAST_CORES = 2;
/** Decimal, as the kernel keeps some of a machine's 6 GiB to itself. */
const LEAST_MEMORY = 6e9;
const LEAST_DISK = 6e9;
const GOOD_DISK = 10e9;
/** The sensor keeps this much of the machine free for what else runs there. */
const FREE_SHARE = 0.15;

const OTHER_FOLDER = 'name another folder by output.path (--out)';

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

export function cores({ cpu: { online, allowed, physical, quota, usable } }: Facts): readonly Verdict[] {
  const what = `${physical ?? '?'} cores, ${allowed} of ${online} logical processors${quota === null ? '' : `, a quota of ${quota}`}`;
  if (usable < LEAST_CORES) return [fail(`${what}: less than ${LEAST_CORES}`, `give it ${LEAST_CORES} processors or more`)];
  if (physical !== null && physical < LEAST_CORES)
    return [warn(`${what}: the processors are hyper-threads of ${physical} core`, `give it ${LEAST_CORES} physical cores`)];
  return [pass(what)];
}

export function memory({ memory: { total, available, limit }, plan: { memoryBudget } }: Facts): readonly Verdict[] {
  const what = `${gigabytes(total)}${limit === null ? '' : ' (the limit of its control group)'}, ${gigabytes(available)} free`;
  if (total < LEAST_MEMORY)
    return [fail(`${what}: less than ${gigabytes(LEAST_MEMORY)}`, limit === null ? 'give it more memory' : 'raise the limit')];
  const budget = `the sensor's own budget is ${gigabytes(memoryBudget)}`;
  if (memoryBudget > (1 - FREE_SHARE) * total)
    return [warn(`${what}; ${budget}: that leaves less than 15% to others`, 'lower sensor.memory')];
  if (available < FREE_SHARE * total)
    return [warn(`${what}: less than 15% is free, the sensor would hold back from the start`, 'see what else uses the memory')];
  return [pass(what)];
}

export function disk({ disk: space, plan }: Facts): readonly Verdict[] {
  if (space === null) return [warn(`${plan.folder}: its free space cannot be read`, OTHER_FOLDER)];
  const what = `${gigabytes(space.available)} free of ${gigabytes(space.total)} for ${plan.folder}`;
  if (!space.isWritable) return [fail(`${what}, but files cannot be made there`, OTHER_FOLDER)];
  const remedy = `free some space, or ${OTHER_FOLDER}`;
  if (space.available < LEAST_DISK) return [fail(`${what}: less than ${gigabytes(LEAST_DISK)}`, remedy)];
  if (space.available < GOOD_DISK) return [warn(`${what}: less than the ${gigabytes(GOOD_DISK)} recommended`, remedy)];
  return [pass(what)];
}
