// Reference pages of docs/, made from the tables that the code itself runs on. A test compares them with what is committed.
import { z } from 'zod';
import { activityEnvelope, houseDetails, messageEnvelope } from '../activity/fields.ts';
import { ENTITY_TYPES } from '../activity/json-schema.ts';
import { configKeys } from '../config/index.ts';
import { checks } from '../doctor/registry.ts';
import { loadProfile, profileSchema, shippedProfiles } from '../generate/profile.ts';
import { scenarioHelp } from '../generate/scenarios/names.ts';
import { issueKinds } from '../health/issues.ts';
import { VERDICTS } from '../ip/verdict.ts';
import { NNR_SECONDS, namesMetrics, nnrMetrics } from '../metrics/nnr.ts';
import { LAG_METRIC, sensorMetrics } from '../metrics/sensor.ts';
import type { Field, FieldTable } from '../protocols/fields.ts';
import { protocols } from '../protocols/registry.ts';
import { ENDS } from '../transport/ends.ts';
import { allLimits, counterMap } from '../worker/catalogue.ts';

const HEAD = '<!-- Made by `npm run docs` from the tables in src/. Do not edit: a test compares this page with them. -->\n';
const row = (...cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');

/** All pages, by file name. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    'configuration.md': configurationPage(),
    'doctor.md': doctorPage(),
    'events.md': events(),
    'health.md': healthPage(),
    'limits.md': limitsPage(),
    'metrics.md': metricsPage(),
    'profiles.md': profilesPage(),
  };
}

function fieldRows(fields: FieldTable, prefix = ''): string[][] {
  return Object.values(fields).flatMap((field: Field) => [
    [`\`${prefix}${field.key}\``, field.type, field.help, field.source],
    ...(field.fields === undefined
      ? []
      : fieldRows(field.fields, `${prefix}${field.key}${field.type === 'object[]' ? '[]' : ''}.`)),
  ]);
}

const fieldTable = (fields: FieldTable): string => table(['field', 'type', 'what it says', 'defined in'], fieldRows(fields));

function events(): string {
  const parts = [
    HEAD,
    '# Events',
    'Every line is one JSON object. `adtap schema` prints the same as a JSON Schema; a test validates every line against it.',
    'Lines come in the order of the frames that finished them. All times are UTC with nanoseconds.',
    'Secrets never appear: tickets and challenges are told by a hash that is keyed per run, responses, ciphertext and passwords not at all.',
    '## Activities',
    'One line a finished transaction. A field that is not known is null; what a protocol did not say is missing from `details`.',
    fieldTable(activityEnvelope),
    'In `details` of every type:',
    fieldTable(houseDetails),
  ];
  for (const protocol of protocols) {
    if (protocol.activities.length === 0) continue;
    parts.push(
      `### ${protocol.name}`,
      table(
        ['type', 'what happened'],
        protocol.activities.map((type) => [`\`${type.type}\``, type.help]),
      ),
    );
    parts.push('`details`:', fieldTable(protocol.details));
  }
  parts.push(
    '## Entities',
    'First seen or changed; `evidence` names the method or activity and its frame, `id` is stable within a run.',
  );
  for (const [type, { help, fields }] of Object.entries(ENTITY_TYPES))
    parts.push(
      `### ${type}`,
      `${help} Fields of its own: ${Object.keys(fields)
        .map((key) => `\`${key}\``)
        .join(', ')}.`,
    );
  parts.push('## Messages', '`--emit messages`: one line a decoded message.', fieldTable(messageEnvelope));
  for (const protocol of protocols)
    if (Object.keys(protocol.messages).length > 0) parts.push(`### ${protocol.name} messages`, fieldTable(protocol.messages));
  return `${parts.join('\n\n')}\n`;
}

const POLICIES: Readonly<Record<string, string>> = {
  refuse: 'the message is refused and counted',
  'drop-oldest': 'the oldest entry goes',
  'give-up-flow': 'the flow is given up',
  skip: 'the rest is passed over',
};

function configurationPage(): string {
  const rows = configKeys.map((key) => [
    `\`${key.path}\``,
    key.path === 'sensor.name' ? "the host's name" : key.default === undefined ? '-' : `\`${JSON.stringify(key.default)}\``,
    key.allowed,
    key.help,
  ]);
  return [
    HEAD,
    '# Configuration of the sensor',
    'One YAML file (`adtap sensor --config FILE`); every key has a default, so an empty file is a good one. Each key can also be set by `--set key=value` and by a variable of the environment: `capture.bufferMegabytes` is `ADTAP_CAPTURE_BUFFER_MEGABYTES`. Flags stand above the environment, the environment above the file. `adtap config check FILE` says what is wrong, `adtap config show FILE` what it all amounts to.',
    'Secrets never stand in the file: a key that needs one takes `file:PATH` or `env:NAME`.',
    'SIGHUP reads the file again. `restraint.*` but `restraint.everySeconds`, `health.*` and `log.level` change at once, and the output file is put aside; the log names the keys that need a restart.',
    table(['key', 'default', 'allowed', 'what it is for'], rows),
    '',
  ].join('\n\n');
}

function doctorPage(): string {
  return [
    HEAD,
    '# The checks of `adtap doctor`',
    'Is this machine fit for the sensor? Each line says pass, warn or fail, what was found, and what to do about it. The exit code is 1 when a check fails and 0 otherwise; a warning alone does not change it. `--json` prints `{ level, findings: [{ check, level, says, remedy }] }`.',
    'The plan is that of the configuration (`--config FILE`, the environment, flags), so that what is judged is what `adtap sensor` would do. Nothing is changed, and nothing is sent but a question for the time (SNTP, UDP 123, three at most) to each of `domainControllers`; a standalone sensor sends it from the management adapter, and not at all where the route to the domain controller leaves by another one.',
    table(
      ['check', 'what passes'],
      checks.map(({ name, asks }) => [name, asks]),
    ),
    'On Linux facts come from /proc, /sys and the control groups (limits of a container count); on Windows from PowerShell, `reg`, `powercfg` and `whoami`; on macOS from `sysctl` and `pmset`. What a system does not tell is said to be unknown.',
    '',
  ].join('\n\n');
}

interface KeySchema {
  readonly type?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

function profilesPage(): string {
  const { properties } = z.toJSONSchema(profileSchema, { io: 'input' }) as { properties: Readonly<Record<string, KeySchema>> };
  const allowed = (key: string, { type, minimum, maximum }: KeySchema): string =>
    key === 'hours'
      ? '24 numbers from 0.001 to 1'
      : key === 'mix'
        ? 'scenario: weight, at least one'
        : maximum === undefined
          ? 'text'
          : `${type === 'integer' ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}`;
  const byDefault = (key: string, value: unknown): string =>
    value === undefined ? '-' : key === 'hours' ? 'always 1' : `\`${JSON.stringify(value)}\``;
  const keys = Object.entries(properties).map(([key, schema]) => [
    `\`${key}\``,
    byDefault(key, schema.default),
    allowed(key, schema),
    schema.description ?? '',
  ]);
  const shipped = shippedProfiles().map((name) => {
    const { description, users, computers, domainControllers, rate } = loadProfile(name);
    return [`\`${name}\``, description, String(users), String(computers), String(domainControllers), String(rate)];
  });
  return [
    HEAD,
    '# Profiles of generated traffic',
    'What `adtap generate` ([generate.md](generate.md)) makes up: a YAML file of these keys, named with `--profile FILE`. All but `mix` have a default; unknown keys are refused.',
    table(['key', 'default', 'allowed', 'what it is for'], keys),
    '## Scenarios',
    'What may stand in `mix`. Weights are how often a scenario begins, relative to the others; packets differ widely between them.',
    table(
      ['scenario', 'what happens'],
      Object.entries(scenarioHelp).map(([name, help]) => [`\`${name}\``, help]),
    ),
    '## Shipped profiles',
    table(['profile', 'what it stands for', 'users', 'computers', 'domain controllers', 'packets/s'], shipped),
    '',
  ].join('\n\n');
}

function healthPage(): string {
  return [
    HEAD,
    '# Health issues',
    'What is wrong with a sensor, looked at every five seconds. An issue is logged when it begins and when it ends, written as a line to `health.path` if that is set, counted in `adtap_health_issues`, and listed by `/healthz`, which answers 503 while one of severity high is open. Titles are those of the Defender for Identity portal where it has such an issue.',
    table(
      ['issue', 'severity', 'title', 'what to know'],
      issueKinds.map(({ key, severity, title, help }) => [`\`${key}\``, severity, title, help]),
    ),
    '',
  ].join('\n\n');
}

function limitsPage(): string {
  const rows = allLimits.map((limit) => [
    `\`${limit.key}\``,
    limit.default.toLocaleString('en-US'),
    limit.max.toLocaleString('en-US'),
    limit.unit,
    POLICIES[limit.policy] ?? limit.policy,
    limit.help,
  ]);
  return [
    HEAD,
    '# Limits',
    'Nothing grows without bound. Each limit can be set with `--set key=value`; every arrival at one is counted in `adtap_limit_hits_total`.',
    table(['key', 'default', 'maximum', 'unit', 'at the limit', 'bounds'], rows),
    '',
  ].join('\n\n');
}

function metricsPage(): string {
  const rows = counterMap.families.map((family) => [
    `\`${family.name}\``,
    family.labels.map((label) => `\`${label}\``).join(', ') || '-',
    family.help,
  ]);
  rows.push(
    ['`adtap_packets_total`', '-', 'Packets taken from the source.'],
    ['`adtap_fragments_total`', '`result`', 'IP fragments: joined into a datagram, or dropped by reason.'],
    ['`adtap_resident_memory_bytes`', '-', 'Resident memory of the process.'],
  );
  const ends = [
    ...VERDICTS.filter((one) => one.end !== 'onward').map((one) => [one.label, one.end, 'The header walk ended here.']),
    ...ENDS.map((one) => [one.label, one.end, one.help]),
  ];
  return [
    HEAD,
    '# Metrics',
    'A replay writes them with `--metrics FILE` at its end, a sensor answers them at `/metrics` (`metrics.listen`), both in the Prometheus text format.',
    table(['name', 'labels', 'counts'], rows),
    '## Of a sensor alone',
    table(
      ['name', 'type', 'labels', 'tells'],
      [
        ...[...sensorMetrics, ...namesMetrics, ...nnrMetrics].map(({ name, type, labels, help }) => [
          `\`${name}\``,
          type,
          labels.map((one) => `\`${one}\``).join(', ') || '-',
          help,
        ]),
        [`\`${LAG_METRIC.name}\``, 'histogram', '-', LAG_METRIC.help],
        [`\`${NNR_SECONDS.name}\``, 'histogram', '`method`', NNR_SECONDS.help],
      ],
    ),
    '## Where packets end',
    'Packets in = decoded + ignored + dropped; a test proves the sum on every capture.',
    table(['reason', 'end', 'meaning'], ends),
    '',
  ].join('\n\n');
}
