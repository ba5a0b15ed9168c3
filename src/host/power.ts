// Whether the processors run at their full clock: frequency governors on Linux, the power plan on Windows.
import { keyValues, type Machine, readWord } from './machine.ts';

export interface PowerFacts {
  /** What processors are governed by, each once; empty where their clock is not set from here. */
  readonly settings: readonly string[];
  /** Whether all of them stand for full clock; null where nothing tells. */
  readonly isFull: boolean | null;
}

const CPUS = '/sys/devices/system/cpu';
const PLAN = /\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/i;

/** Built-in plans of Windows by their GUID; the names on screen are translated, these are not. */
const PLANS: Readonly<Record<string, { readonly name: string; readonly isFull: boolean }>> = {
  'a1841308-3541-4fab-bc81-f71556f20b4a': { name: 'Power saver', isFull: false },
  '381b4222-f694-41f0-9685-ff5bb260df2e': { name: 'Balanced', isFull: false },
  '8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c': { name: 'High performance', isFull: true },
  'e9a42b02-d5df-448d-aa00-03f14749eb61': { name: 'Ultimate Performance', isFull: true },
};

export async function powerFacts(machine: Machine): Promise<PowerFacts> {
  switch (machine.platform) {
    case 'linux':
      return governors(machine);
    case 'win32':
      return plan(await machine.run('powercfg.exe', ['/getactivescheme']));
    case 'darwin': {
      const mode = keyValues((await machine.run('pmset', ['-g']))?.replace(/^ +/gm, '') ?? null, /\s/).get('lowpowermode');
      return mode === undefined ? UNKNOWN : { settings: [mode === '1' ? 'low power mode' : 'normal'], isFull: mode !== '1' };
    }
    default:
      return UNKNOWN;
  }
}

const UNKNOWN: PowerFacts = { settings: [], isFull: null };

function plan(said: string | null): PowerFacts {
  const guid = PLAN.exec(said ?? '')?.[0].toLowerCase();
  if (guid === undefined) return UNKNOWN;
  const known = PLANS[guid];
  // A plan that somebody made says nothing by its number.
  return { settings: [known?.name ?? `plan ${guid}`], isFull: known?.isFull ?? null };
}

function governors(machine: Machine): PowerFacts {
  const settings = new Set<string>();
  let isFull = true;
  for (const cpu of machine.list(CPUS) ?? []) {
    const folder = `${CPUS}/${cpu}/cpufreq`;
    const governor = /^cpu\d+$/.test(cpu) ? readWord(machine, `${folder}/scaling_governor`) : null;
    if (governor === null) continue;
    // Processors that choose their own clock (intel_pstate, amd-pstate) take "powersave" as a name for that; what counts is the
    // preference that they are given (kernel: admin-guide/pm/intel_pstate.rst).
    const preference = readWord(machine, `${folder}/energy_performance_preference`);
    const driver = readWord(machine, `${folder}/scaling_driver`) ?? '';
    const chooses = preference !== null && /^(intel_pstate|amd-pstate-epp)$/.test(driver);
    settings.add(chooses ? `${governor} (${preference})` : governor);
    isFull &&= governor === 'performance' || (chooses && preference === 'performance');
  }
  return settings.size === 0 ? UNKNOWN : { settings: [...settings], isFull };
}
