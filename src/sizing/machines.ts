// How many machines of their own (standalone sensors, fed by mirror ports) a set of domain controllers needs.

export interface Machine {
  readonly members: readonly string[];
  readonly packetsPerSecond: number;
}

export interface MachinePlan {
  /** Packets per second that one machine may be given. */
  readonly capacity: number;
  readonly machines: readonly Machine[];
  /** Too busy for any one machine. */
  readonly tooBusy: readonly string[];
}

/** Puts the busiest first, each where it fits first: at most 11/9 of the best there is, and one more. */
export function planMachines(busy: readonly { readonly name: string; readonly busy: number }[], capacity: number): MachinePlan {
  const machines: { members: string[]; packetsPerSecond: number }[] = [];
  const tooBusy: string[] = [];
  for (const one of [...busy].sort((a, b) => b.busy - a.busy || a.name.localeCompare(b.name))) {
    if (one.busy > capacity) {
      tooBusy.push(one.name);
      continue;
    }
    const place = machines.find(({ packetsPerSecond }) => packetsPerSecond + one.busy <= capacity);
    if (place === undefined) machines.push({ members: [one.name], packetsPerSecond: one.busy });
    else {
      place.members.push(one.name);
      place.packetsPerSecond += one.busy;
    }
  }
  return { capacity, machines, tooBusy };
}
