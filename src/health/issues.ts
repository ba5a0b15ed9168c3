// Health issues, by the names that the real sensor's portal gives them where it has one. Each begins and ends; both are told.

export type Severity = 'low' | 'medium' | 'high';

export interface IssueKind {
  readonly key: string;
  readonly title: string;
  readonly severity: Severity;
  readonly help: string;
}

const kinds = {
  adapterUnavailable: {
    title: 'Some of the capture network adapters are not available',
    severity: 'medium',
    help: 'An adapter is down, gone or cannot be opened.',
  },
  allAdaptersUnavailable: {
    title: 'All capture network adapters are not available',
    severity: 'high',
    help: 'Nothing is captured.',
  },
  noTraffic: {
    title: 'No traffic received from domain controller',
    severity: 'medium',
    help: '`health.silenceSeconds` passed without a packet from or to it: is the mirror port set up?',
  },
  trafficNotAnalysed: {
    title: 'Some network traffic is not being analyzed',
    severity: 'medium',
    help: 'More than `health.lossPercent` of the packets of the last minute were dropped or shed.',
  },
  lossUnknown: {
    title: 'Packet loss cannot be known',
    severity: 'low',
    help: 'The capture backend in use cannot tell what the kernel dropped.',
  },
  memoryLimit: {
    title: 'Sensor reached its memory resource limit',
    severity: 'medium',
    help: 'Nine tenths of `sensor.memory` are in use; traffic is shed.',
  },
  captureComponent: {
    title: 'Problem with the packet capturing component',
    severity: 'high',
    help: 'The addon is not built and the package cap stands in for it, libpcap warned of something, or a worker crashed.',
  },
  outputNotWritable: {
    title: 'Sensor output path is not writable',
    severity: 'high',
    help: 'Lines are lost until the file can be written again.',
  },
  clockSkew: {
    title: 'Clock differs from that of a domain controller by more than five minutes',
    severity: 'medium',
    help: 'Kerberos and the order of events suffer.',
  },
  powerPlan: {
    title: 'Power mode is not configured for optimal processor performance',
    severity: 'low',
    help: 'Set the governor or power plan to performance.',
  },
  nameResolution: {
    title: 'Low success rate of active name resolution',
    severity: 'low',
    help: 'More than nine tenths of the look-ups by one method gave no name in the last ten minutes: is its port open towards the sensor?',
  },
} as const satisfies Record<string, Omit<IssueKind, 'key'>>;

export type IssueKey = keyof typeof kinds;

export const issueKinds: readonly IssueKind[] = Object.entries(kinds).map(([key, kind]) => ({ key, ...kind }));

export interface Issue {
  readonly key: IssueKey;
  /** What it is about: an adapter, a domain controller; empty when it is about the sensor. */
  readonly subject: string;
  /** What is known of it, in words. */
  readonly message: string;
}

export interface OpenIssue extends Issue {
  readonly title: string;
  readonly severity: Severity;
  /** RFC 3339. */
  readonly since: string;
}

/** A line of the health file. */
export interface IssueLine extends OpenIssue {
  readonly v: 1;
  readonly kind: 'health';
  readonly state: 'open' | 'closed';
  readonly time: string;
  readonly sensor: string;
}

/** Keeps what is open; told everything that is wrong now, it tells what began and what ended. */
export class HealthBook {
  readonly #open = new Map<string, OpenIssue>();
  readonly #sensor: string;
  readonly #tell: (line: IssueLine) => void;
  readonly #now: () => number;

  constructor(sensor: string, tell: (line: IssueLine) => void, now: () => number = Date.now) {
    this.#sensor = sensor;
    this.#tell = tell;
    this.#now = now;
  }

  /** Open issues, the oldest first. */
  get open(): readonly OpenIssue[] {
    return [...this.#open.values()];
  }

  /** `issues` is all that is wrong now. */
  update(issues: readonly Issue[]): void {
    const time = new Date(this.#now()).toISOString();
    const seen = new Set<string>();
    for (const issue of issues) {
      const id = `${issue.key} ${issue.subject}`;
      seen.add(id);
      const before = this.#open.get(id);
      const { title, severity } = kinds[issue.key];
      const open: OpenIssue = { ...issue, title, severity, since: before?.since ?? time };
      this.#open.set(id, open);
      if (before === undefined) this.#tell({ v: 1, kind: 'health', state: 'open', time, sensor: this.#sensor, ...open });
    }
    for (const [id, issue] of this.#open) {
      if (seen.has(id)) continue;
      this.#open.delete(id);
      this.#tell({ v: 1, kind: 'health', state: 'closed', time, sensor: this.#sensor, ...issue });
    }
  }
}
