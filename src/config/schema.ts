// The sensor's configuration: one table from which defaults, checks, flags, environment names and docs/configuration.md are made.
import { hostname } from 'node:os';
import { z } from 'zod';
import { parseAddress } from '../ip/parse-address.ts';
import { parseEndpoint } from '../nnr/active/endpoint.ts';
import { MOST } from '../nnr/active/limits.ts';
import { parseNetwork } from '../nnr/scope.ts';
import { allLimits } from '../worker/catalogue.ts';

const address = z.string().refine((text) => parseAddress(text) !== null, { error: 'must be an IPv4 or IPv6 address' });
const network = z
  .string()
  .refine((text) => parseNetwork(text) !== null, { error: 'must be a network such as 10.0.0.0/8, or an address' });
const dnsServer = z.string().refine((text) => parseEndpoint(text, 53) !== null, {
  error: 'must be an address, or one with a port: 192.0.2.1:53, [2001:db8::1]:53',
});
const adapter = z.string().min(1).max(1000);
const path = z.string().min(1);
const whole = (min: number, max: number): z.ZodNumber => z.int().min(min).max(max);

/** What must not stand in a file or an argument list: only where it is to be found. */
const secret = z.string().refine((text) => /^(file:.+|env:[A-Za-z_][A-Za-z0-9_]*)$/.test(text), {
  error: 'must be file:PATH or env:NAME, never the secret itself',
});

function isEndpoint(text: string): boolean {
  const [, six, four, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  return parseAddress(six ?? four ?? '')?.length === (six === undefined ? 4 : 16) && Number(port) <= 65_535;
}

const limitKeys = new Map(allLimits.map((limit) => [limit.key, limit]));
const limitValues = z.record(z.string(), z.number()).superRefine((values, context) => {
  for (const [key, value] of Object.entries(values)) {
    const limit = limitKeys.get(key);
    const problem =
      limit === undefined
        ? 'there is no such limit; docs/limits.md lists them'
        : Number.isSafeInteger(value) && value >= 1 && value <= limit.max
          ? ''
          : `must be a whole number from 1 to ${limit.max}`;
    if (problem !== '') context.addIssue({ code: 'custom', path: [key], message: problem, input: value });
  }
});

/** MiB that the process takes before any packet comes, and a worker at least. */
const BASE_MEGABYTES = 96;
const WORKER_MEGABYTES = 64;
/** MiB that a slot takes with what is said of it; where activities are dense it is more, and what the budget is short of is shed. */
const SLOT_MEGABYTES = 2;

/** `default` and `describe` of every key are what the documentation says of it. */
export const configSchema = z
  .strictObject({
    sensor: z
      .strictObject({
        name: z.string().min(1).max(255).default(hostname()).describe('Name of the sensor in everything that it emits.'),
        mode: z
          .enum(['local', 'standalone'])
          .default('local')
          .describe('`local` on a domain controller, `standalone` on a machine of its own that gets a copy of the traffic.'),
        workers: whole(0, 64)
          .default(0)
          .describe('Worker threads; 0 means one a core, of which there may be fewer in a container.'),
        memory: whole(256, 1_048_576)
          .default(2048)
          .describe('Memory budget of the whole process in MiB; above nine tenths of it traffic is shed.'),
      })
      .prefault({}),
    capture: z
      .strictObject({
        adapters: z
          .array(adapter)
          .max(32)
          .default([])
          .describe('Adapters to capture from; none means all that are up (local mode) or is an error (standalone mode).'),
        loopback: z.boolean().default(false).describe('Whether "all that are up" includes the loopback adapter.'),
        backend: z
          .enum(['auto', 'native', 'cap'])
          .default('auto')
          .describe('`native` is the addon, `cap` the package of that name; `auto` takes the addon if it is built.'),
        filter: z
          .string()
          .max(8000)
          .default('')
          .describe(
            'Kernel filter in the syntax of pcap-filter(7) instead of the one made from the protocols; empty keeps that one.',
          ),
        filterAdd: z
          .string()
          .max(8000)
          // In libpcap these words move where all that follows is looked for.
          .refine((text) => !/\b(vlan|mpls|pppoes|geneve|vxlan)\b/.test(text), {
            error: 'must not name vlan, mpls, pppoes, geneve or vxlan: say all in capture.filter instead',
          })
          .default('')
          .describe('Kernel filter of packets to let in besides, with and without VLAN tags.'),
        snaplen: whole(256, 262_144).default(65_535).describe('Bytes kept of a packet.'),
        promiscuous: z.boolean().default(true).describe('Whether to let in packets for other machines.'),
        bufferMegabytes: whole(1, 2047).default(64).describe("The kernel's buffer of an adapter, in MiB."),
        timeoutMs: whole(1, 10_000).default(100).describe('How long the kernel may gather packets before it hands them over.'),
        slots: whole(4, 1024).default(48).describe('Slots of 1 MiB between the capture threads and the workers.'),
      })
      .prefault({}),
    management: z
      .strictObject({
        adapter: z.string().max(1000).default('').describe('The adapter that look-ups go out by; standalone mode needs it.'),
      })
      .prefault({}),
    domainControllers: z
      .array(address)
      .max(256)
      .default([])
      .describe('Addresses of the domain controllers whose traffic is expected; each is counted apart.'),
    nnr: z
      .strictObject({
        enabled: z
          .boolean()
          .default(false)
          .describe('Whether addresses are asked for their names (docs/nnr.md). Off, nothing is sent.'),
        networks: z
          .array(network)
          .max(1000)
          .default([])
          .describe(
            'Networks whose addresses may be asked; none means the private ones and those of the domain controllers (/24, /64).',
          ),
        exclude: z.array(network).max(1000).default([]).describe('Addresses and networks that are never asked.'),
        methods: z
          .array(z.enum(['ntlm-rpc', 'netbios', 'rdp', 'reverse-dns']))
          .min(1)
          .default(['ntlm-rpc', 'netbios', 'rdp', 'reverse-dns'])
          .describe('How addresses are asked; reverse DNS only when the others say nothing or disagree.'),
        staged: z
          .boolean()
          .default(false)
          .describe('Whether the methods are tried one after the other until one answers, instead of all at once.'),
        lookupsPerSecond: whole(1, MOST.lookupsPerSecond)
          .default(50)
          .describe('Look-ups begun in any second, at most; one method asked of one address is one.'),
        sockets: whole(1, MOST.sockets).default(64).describe('Look-ups under way at once, at most; each has one socket.'),
        perTargetSeconds: whole(0, 86_400).default(10).describe('The least time between two rounds of look-ups of one address.'),
        timeoutMs: whole(50, MOST.timeoutMs).default(2000).describe('What a look-up may take in all.'),
        retries: whole(0, 1).default(1).describe('How often a datagram is sent again, at half of that time.'),
        dnsServers: z
          .array(dnsServer)
          .max(16)
          .default([])
          .describe('DNS servers for reverse look-ups, in order; none means those of the system.'),
        searchSuffixes: z
          .array(z.string().min(1).max(253))
          .max(16)
          .default([])
          .describe('Domains in which names of one label are looked for.'),
        hitSeconds: whole(1, 2_592_000).default(3600).describe('How long a name holds before the address is asked again.'),
        missSeconds: whole(1, 2_592_000).default(600).describe('How long an address that said no name is left alone.'),
        cachePath: z.string().default('').describe('File that keeps what is known across restarts; empty keeps nothing.'),
      })
      .prefault({}),
    output: z
      .strictObject({
        path: path.default('-').describe('File for the lines; `-` is standard output.'),
        emit: z
          .array(z.enum(['messages', 'activities', 'entities']))
          .min(1)
          .default(['activities', 'entities'])
          .describe('What is written.'),
        rotateMegabytes: whole(0, 1_048_576)
          .default(256)
          .describe('A file of so many MiB is put aside and a new one begun; 0 never.'),
        rotateMinutes: whole(0, 525_600).default(1440).describe('A file of that age is put aside and a new one begun; 0 never.'),
        keepMegabytes: whole(0, 1_073_741_824)
          .default(4096)
          .describe('Files put aside are kept up to so many MiB in all, the oldest go first; 0 keeps them all.'),
        fsync: z
          .enum(['never', 'rotation', 'second'])
          .default('rotation')
          .describe('When what is written is forced to the disk: never, when a file is put aside, or every second.'),
        bufferMegabytes: whole(1, 1024)
          .default(32)
          .describe('Lines that wait for a slow reader, in MiB; beyond it lines are dropped and counted.'),
      })
      .prefault({}),
    restraint: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Whether the sensor gives way when others need the machine.'),
        freeCpuPercent: whole(0, 90).default(15).describe('Share of the processors that stays free.'),
        freeMemoryPercent: whole(0, 90).default(15).describe('Share of the memory that stays free.'),
        everySeconds: whole(1, 600).default(10).describe('How often the machine is looked at.'),
      })
      .prefault({}),
    health: z
      .strictObject({
        path: z.string().default('').describe('File of health issues, a line each time one begins or ends; empty writes none.'),
        silenceSeconds: whole(1, 86_400)
          .default(300)
          .describe('Without traffic of a domain controller for so long an issue is raised.'),
        lossPercent: z
          .number()
          .min(0)
          .max(100)
          .default(1)
          .describe('A share of packets lost above this, over a minute, is an issue.'),
        clockServers: z
          .boolean()
          .default(true)
          .describe(
            'Whether `domainControllers` are asked for the time (SNTP) every ten minutes; in standalone mode by the management adapter alone.',
          ),
      })
      .prefault({}),
    metrics: z
      .strictObject({
        listen: z
          .string()
          .refine((text) => text === 'off' || isEndpoint(text), {
            error: 'must be off or ADDRESS:PORT, such as 127.0.0.1:9477 or [::1]:9477',
          })
          .default('127.0.0.1:9477')
          .describe('Where /metrics, /healthz, /readyz and /status answer; `off` for nowhere.'),
        token: secret.optional().describe('Bearer token that is asked for, as `file:PATH` or `env:NAME`.').meta({ secret: true }),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('What is logged to standard error.'),
        format: z.enum(['auto', 'json', 'text']).default('auto').describe('`auto` is text on a terminal, else JSON lines.'),
      })
      .prefault({}),
    life: z
      .strictObject({
        drainSeconds: whole(1, 600).default(10).describe('How long what is in flight may take when the sensor is told to stop.'),
        crashesPerMinute: whole(0, 1000).default(5).describe('Workers that crash more often than this end the sensor.'),
        user: z
          .string()
          .default('')
          .describe('User to become once the adapters are open, where the platform allows it; empty stays.'),
      })
      .prefault({}),
    limits: limitValues.default({}).describe('Bounds of tables and buffers, by name; docs/limits.md lists them.'),
  })
  .superRefine(({ sensor, capture, output }, context) => {
    const workers = Math.max(1, sensor.workers) * WORKER_MEGABYTES;
    const least = BASE_MEGABYTES + pipelineMegabytes({ capture, output }) + workers;
    if (sensor.memory >= least) return;
    const message = `is too little: capture.slots, output.bufferMegabytes and sensor.workers need ${least} MiB`;
    context.addIssue({ code: 'custom', path: ['sensor', 'memory'], message, input: sensor.memory });
  });

export type Config = z.output<typeof configSchema>;

/** MiB of slots, and of lines on their way out, which gather in one buffer while the other is written; the kernel's buffers are not in it. */
export function pipelineMegabytes({ capture, output }: Pick<Config, 'capture' | 'output'>): number {
  return capture.slots * SLOT_MEGABYTES + output.bufferMegabytes * 2;
}
