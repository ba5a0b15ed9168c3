// What a file, the environment and flags amount to, and what is said of what is wrong with them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Config, configKeys, loadConfig, needRestart, override, readSecret } from '../../../src/config/index.ts';
import { AdtapError } from '../../../src/errors.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-config-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let files = 0;
function fileOf(text: string): string {
  const path = join(scratch, `${files++}.yaml`);
  writeFileSync(path, text);
  return path;
}

interface Given {
  readonly yaml?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly flags?: readonly string[];
}
const load = ({ yaml, env = {}, flags = [] }: Given) =>
  loadConfig(yaml === undefined ? null : fileOf(yaml), env, new Map(flags.map(override)));

/** The lines of what is said against it. */
function problems(given: Given): string[] {
  try {
    load(given);
  } catch (error) {
    expect(error).toBeInstanceOf(AdtapError);
    expect(error).toMatchObject({ code: 'ADTAP_E_CONFIG', exitCode: 2 });
    return (error as AdtapError).message.split('\n').map((line) => line.trim());
  }
  return [];
}

const valueAt = (config: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((node, name) => (node as Readonly<Record<string, unknown>>)[name], config);

describe('where values come from', () => {
  it('has a default for every key but secrets', () => {
    const { config, origins } = load({});
    expect(origins.size).toBe(0);
    for (const { path, default: value } of configKeys) expect([path, valueAt(config, path)]).toEqual([path, value]);
    expect(configKeys.filter((key) => key.default === undefined).map(({ path }) => path)).toEqual(['metrics.token']);
    expect(config.sensor.name).toBe(hostname());
    // 15% of both stay free, looked at every 10 s: the real sensor's figures.
    expect(config.restraint).toEqual({ enabled: true, freeCpuPercent: 15, freeMemoryPercent: 15, everySeconds: 10 });
    expect(config.metrics.listen.startsWith('127.0.0.1:')).toBe(true);
  });

  it('takes a flag over the environment over the file over the default', () => {
    const yaml = 'capture: { slots: 10, snaplen: 1000, timeoutMs: 10 }';
    const env = { ADTAP_CAPTURE_SNAPLEN: '2000', ADTAP_CAPTURE_TIMEOUT_MS: '20', ADTAP_UNKNOWN: 'x', PATH: '/bin' };
    const { config, origins } = load({ yaml, env, flags: ['capture.timeoutMs=30'] });
    expect(config.capture).toMatchObject({ slots: 10, snaplen: 2000, timeoutMs: 30, bufferMegabytes: 64 });
    expect([...origins]).toEqual(
      [
        ['capture.snaplen', 'ADTAP_CAPTURE_SNAPLEN'],
        ['capture.timeoutMs', 'flag'],
        ['capture.slots', 'file'],
      ].sort(([a], [b]) => [...origins.keys()].indexOf(a!) - [...origins.keys()].indexOf(b!)),
    );
  });

  it('puts the environment into a section that the file leaves empty', () => {
    const yaml = 'capture:\n  # adapters: [eth0]\nsensor:\n';
    expect(load({ yaml, env: { ADTAP_CAPTURE_SLOTS: '9' } }).config.capture).toMatchObject({ slots: 9, adapters: [] });
    expect(load({ yaml: '' }).config).toEqual(load({}).config);
    expect(load({ yaml: '# nothing\n' }).config).toEqual(load({}).config);
  });

  it('reads lists with commas or as YAML, and names that look like numbers', () => {
    const lists = ['eth0, 1 ,', '["eth0", "1"]'].map((text) => load({ env: { ADTAP_CAPTURE_ADAPTERS: text } }).config.capture);
    for (const { adapters } of lists) expect(adapters).toEqual(['eth0', '1']);
    expect(load({ flags: ['sensor.name=007', 'management.adapter=true'] }).config).toMatchObject({
      sensor: { name: '007' },
      management: { adapter: 'true' },
    });
    expect(load({ env: { ADTAP_LIMITS: '{ flow.flows: 100 }' }, flags: ['limits.ip.tunnelDepth=2'] }).config.limits).toEqual({
      'flow.flows': 100,
      'ip.tunnelDepth': 2,
    });
    expect(load({ flags: ['capture.filter=tcp[13] = 2'] }).config.capture.filter).toBe('tcp[13] = 2');
  });

  /** Another value of the key than its default, from the words that tell what is allowed. */
  function another(allowed: string, value: unknown): fc.Arbitrary<unknown> {
    const range = /^(whole )?number from (\S+) to (\S+)$/.exec(allowed);
    if (range !== null) {
      const [min, max] = [Number(range[2]), Number(range[3])];
      const numbers = range[1] === undefined ? fc.double({ min, max, noNaN: true }) : fc.integer({ min, max });
      return numbers.map((number) => (Object.is(number, -0) ? 0 : number));
    }
    if (allowed === 'true, false') return fc.boolean();
    if (allowed === 'names and numbers') return fc.record({ 'flow.flows': fc.integer({ min: 1, max: 1000 }) });
    if (allowed.endsWith('texts')) return fc.uniqueArray(fc.ipV4(), { maxLength: 5 });
    const list = /^list of at least 1 of (.*)$/.exec(allowed);
    if (list !== null) return fc.subarray((list[1] ?? '').split(', '), { minLength: 1 });
    if (allowed.includes(', ') && !allowed.startsWith('text')) return fc.constantFrom(...allowed.split(', '));
    if (typeof value === 'string' && value.includes(':9477'))
      return fc.integer({ min: 0, max: 65_535 }).map((port) => `[::1]:${port}`);
    if (value === undefined) return fc.constantFrom('file:/etc/token', 'env:TOKEN');
    return fc.stringMatching(/^[a-z0-9 =.,#:[\]{}-]{1,20}$/);
  }

  /** By the defaults: 352 MiB with one worker, 2 more a slot or a MiB of output, 64 more a worker, of 2048. */
  function fitsMemory(path: string, value: unknown): boolean {
    if (path === 'sensor.memory') return Number(value) >= 352;
    const most: Readonly<Record<string, number>> = { 'capture.slots': 896, 'output.bufferMegabytes': 880, 'sensor.workers': 27 };
    return most[path] === undefined || Number(value) <= most[path];
  }

  it.each(configKeys.map((key) => [key.path, key] as const))('%s can be set in all three ways', (path, key) => {
    fc.assert(
      fc.property(another(key.allowed, key.default), (value) => {
        const steps = path.split('.');
        const tree = steps.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        // Some keys have to fit into the memory budget together.
        fc.pre(fitsMemory(path, value));
        const ways = [
          [load({ yaml: stringify(tree) }), 'file'],
          [load({ env: { [key.environment]: text } }), key.environment],
          [load({ flags: [`${path}=${text}`] }), 'flag'],
        ] as const;
        for (const [{ config, origins }, origin] of ways) {
          expect(valueAt(config, path)).toEqual(value);
          expect([...origins]).toEqual([[path, origin]]);
        }
      }),
      { numRuns: 4 },
    );
  });

  it('has a name of its own in the environment for every key', () => {
    expect(new Set(configKeys.map((key) => key.environment)).size).toBe(configKeys.length);
    for (const { environment } of configKeys) expect(environment).toMatch(/^ADTAP(_[A-Z]+)+$/);
  });
});

it('names variables that look like keys and are none, but not one that holds a secret', () => {
  const env = { ADTAP_CAPTURE_SNAPLENN: '5', ADTAP_TOKEN: 'x', ADTAP_METRICS_TOKEN: 'env:ADTAP_TOKEN' };
  expect(loadConfig(null, env, new Map()).unknown).toEqual(['ADTAP_CAPTURE_SNAPLENN']);
});

it('refuses a memory budget that its own parts would break', () => {
  const of =
    (yaml: Readonly<Record<string, unknown>>): (() => unknown) =>
    () =>
      loadConfig(null, {}, new Map(Object.entries(yaml)));
  expect(of({ 'sensor.memory': 256, 'capture.slots': 1024 })).toThrow(/sensor\.memory: .*too little: capture\.slots/);
  expect(of({ 'sensor.memory': 300 })).toThrow(/need 320 MiB|need 3\d\d MiB/);
  expect(of({ 'sensor.memory': 256, 'capture.slots': 8, 'output.bufferMegabytes': 8 })).not.toThrow();
});

describe('what is wrong is named: key, value, what is allowed', () => {
  it.each<[string, Given, string]>([
    [
      'a number too low',
      { yaml: 'capture: { slots: 3 }' },
      'capture.slots: 3 is not allowed; allowed: whole number from 4 to 1024',
    ],
    [
      'no whole number',
      { yaml: 'capture: { slots: 4.5 }' },
      'capture.slots: 4.5 is not allowed; allowed: whole number from 4 to 1024',
    ],
    [
      'not a number',
      { yaml: 'capture: { slots: .nan }' },
      'capture.slots: NaN is not allowed; allowed: whole number from 4 to 1024',
    ],
    [
      'endless',
      { yaml: 'health: { lossPercent: .inf }' },
      'health.lossPercent: Infinity is not allowed; allowed: number from 0 to 100',
    ],
    [
      'text for a number',
      { yaml: 'sensor: { workers: two }' },
      'sensor.workers: "two" is not allowed; allowed: whole number from 0 to 64',
    ],
    ['a number for text', { yaml: 'sensor: { name: 7 }' }, 'sensor.name: 7 is not allowed; allowed: text, not empty'],
    ['empty text', { yaml: 'output: { path: "" }' }, 'output.path: "" is not allowed; allowed: text, not empty'],
    ['nothing', { yaml: 'sensor: { workers: }' }, 'sensor.workers: null is not allowed; allowed: whole number from 0 to 64'],
    ['none of the words', { yaml: 'sensor: { mode: lokal }' }, 'sensor.mode: "lokal" is not allowed; allowed: local, standalone'],
    [
      'one of a list',
      { yaml: 'output: { emit: [activities, all] }' },
      'output.emit.1: "all" is not allowed; allowed: list of at least 1 of messages, activities, entities',
    ],
    [
      'an empty list',
      { yaml: 'output: { emit: [] }' },
      'output.emit: [] is not allowed; allowed: list of at least 1 of messages, activities, entities',
    ],
    [
      'a long list',
      { yaml: `capture: { adapters: [${Array.from({ length: 33 }, () => 'a').join()}] }` },
      'allowed: list of at most 32 texts',
    ],
    [
      'no list',
      { yaml: 'domainControllers: 10.0.0.1' },
      'domainControllers: "10.0.0.1" is not allowed; allowed: list of at most 256 texts',
    ],
    [
      'no address',
      { yaml: 'domainControllers: [dc1]' },
      'domainControllers.0: "dc1" is not allowed; must be an IPv4 or IPv6 address',
    ],
    ['no section', { yaml: 'capture: eth0' }, 'capture: "eth0" is not allowed; allowed: keys and values'],
    [
      'no section, though the environment would put one there',
      { yaml: 'capture: eth0', env: { ADTAP_CAPTURE_SLOTS: '9' } },
      'capture: "eth0" is not allowed',
    ],
    [
      'an unknown key',
      { yaml: 'capture: { snapLen: 100 }' },
      'capture.snapLen: there is no such key; did you mean capture.snaplen?',
    ],
    ['a key of another section', { yaml: 'snaplen: 100' }, 'snaplen: there is no such key; did you mean capture.snaplen?'],
    ['an unknown section', { yaml: 'captur: {}' }, 'captur: there is no such key; did you mean capture?'],
    ['a key like no other', { yaml: 'xyzzy: 1' }, 'xyzzy: there is no such key'],
    [
      'a limit that there is not',
      { yaml: 'limits: { a.b: 1 }' },
      'limits.a.b: 1 is not allowed; there is no such limit; docs/limits.md lists them',
    ],
    [
      'a limit too high',
      { yaml: 'limits: { ip.tunnelDepth: 99 }' },
      'limits.ip.tunnelDepth: 99 is not allowed; must be a whole number from 1 to 16',
    ],
    [
      'a limit of text',
      { flags: ['limits.ip.tunnelDepth=[x'] },
      'limits.ip.tunnelDepth: "[x" is not allowed; allowed: names and numbers',
    ],
    [
      'a port too high',
      { yaml: 'metrics: { listen: "127.0.0.1:99999" }' },
      'metrics.listen: "127.0.0.1:99999" is not allowed; must be off or ADDRESS:PORT',
    ],
    [
      'a bare IPv6 address',
      { yaml: 'metrics: { listen: "::1:9477" }' },
      'metrics.listen: "::1:9477" is not allowed; must be off or ADDRESS:PORT',
    ],
    [
      'a host name',
      { yaml: 'metrics: { listen: "localhost:9477" }' },
      'must be off or ADDRESS:PORT, such as 127.0.0.1:9477 or [::1]:9477',
    ],
    [
      'the environment',
      { env: { ADTAP_CAPTURE_SLOTS: 'many' } },
      'capture.slots: "many" (from ADTAP_CAPTURE_SLOTS) is not allowed; allowed: whole number from 4 to 1024',
    ],
    ['a flag', { flags: ['capture.slots=2'] }, 'capture.slots: 2 is not allowed; allowed: whole number from 4 to 1024'],
  ])('%s', (_what, given, message) => {
    const [head, ...said] = problems(given);
    expect(head).toMatch(/has 1 problem:$/);
    expect(said.length).toBe(1);
    expect(said[0]).toContain(message);
  });

  it('all of it at once', () => {
    const said = problems({ yaml: 'capture: { slots: 1, nope: 2 }\nx: 1\n', env: { ADTAP_LOG_LEVEL: 'loud' } });
    expect(said[0]).toMatch(/\.yaml has 4 problems:$/);
    expect(
      said
        .slice(1)
        .map((line) => line.split(':')[0])
        .sort(),
    ).toEqual(['capture.nope', 'capture.slots', 'log.level', 'x']);
  });

  it.each([
    ['capture: {\n', /is no YAML: .*line 2/],
    ['sensor:\n  name: a\n  name: b\n', /is no YAML: Map keys must be unique at line 3/],
    ['sensor:\n\tname: a\n', /is no YAML: .*line 2/],
    ['sensor: *who\n', /is no YAML: Unresolved alias .*who/],
    ['sensor: &a { name: *a }\n', /is no YAML: /],
    [
      `a: &a [x, x]\n${Array.from({ length: 9 }, (_, n) => `b${n}: &b${n} [${`*${n === 0 ? 'a' : `b${n - 1}`},`.repeat(9)}]`).join('\n')}`,
      /is no YAML: Excessive alias count/,
    ],
    ['- a\n- b\n', /must hold keys and values/],
    ['just words\n', /must hold keys and values/],
  ])('in one line for what is no configuration at all: %j', (yaml, message) => {
    const said = problems({ yaml });
    expect(said[0]).toMatch(message);
    expect(said[0]).toContain('.yaml: ');
    expect(said.length).toBe(1);
  });

  it('for a file that is not there', () => {
    expect(() => loadConfig('/nowhere/adtap.yaml', {}, new Map())).toThrow(/\/nowhere\/adtap.yaml: cannot be read: ENOENT/);
  });

  it('for a flag that is no key or has no value', () => {
    expect(() => override('capture.slot=5')).toThrow('there is no key capture.slot; did you mean capture.slots?');
    for (const name of ['limits.a.b', 'limits.__proto__']) expect(() => override(`${name}=5`)).toThrow(`there is no key ${name}`);
    expect(() => override('capture.slots')).toThrow('capture.slots: a key and its value are needed');
  });

  it('never with anything but an AdtapError, whatever the file holds (property)', () => {
    const names = configKeys.flatMap(({ path }) => path.split('.'));
    const key = fc.oneof(fc.constantFrom(...names, '__proto__', 'constructor'), fc.string({ maxLength: 8 }));
    const trees = fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue(), { maxKeys: 4 })), {
      maxKeys: 5,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          trees.map((tree) => JSON.stringify(tree)),
          fc.string({ unit: 'binary', maxLength: 60 }),
        ),
        (yaml) => {
          problems({ yaml });
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('secrets', () => {
  it.each(['hunter2', 'file:', 'env:', 'env:1X', 'env:A B', 'http://x'])('are refused when they stand there: %s', (text) => {
    const [, said] = problems({ flags: [`metrics.token=${text}`] });
    expect(said).toContain('must be file:PATH or env:NAME, never the secret itself');
  });

  it('are not told back', () => {
    expect(problems({ flags: ['metrics.token=hunter2'] }).join()).not.toContain('hunter2');
  });

  it('are read from a file without its last line end, or from the environment', () => {
    expect(readSecret(`file:${fileOf(' s3cret\n')}`, {})).toBe('s3cret');
    expect(readSecret('env:TOKEN', { TOKEN: 's3cret' })).toBe('s3cret');
  });

  it.each<[string, RegExp]>([
    ['env:TOKEN', /^TOKEN is not set in the environment$/],
    ['env:EMPTY', /^EMPTY is not set in the environment$/],
    ['file:/nowhere/token', /^\/nowhere\/token: the secret cannot be read: ENOENT/],
    [`file:${fileOf('\n')}`, /the secret cannot be read: it is empty/],
  ])('that are not there are named: %s', (reference, message) => {
    expect(() => readSecret(reference, { EMPTY: '' })).toThrow(message);
    expect(() => readSecret(reference, { EMPTY: '' })).toThrow(AdtapError);
  });
});

describe('what a configuration that is read again changes', () => {
  const config = (...flags: string[]): Config => load({ flags }).config;

  it.each<[string[], string[]]>([
    [[], []],
    [['restraint.enabled=false', 'restraint.freeCpuPercent=20', 'restraint.freeMemoryPercent=5'], []],
    [['health.silenceSeconds=9', 'health.lossPercent=2.5', 'health.path=/x'], []],
    [['log.level=debug', 'log.format=json'], ['log.format']],
    // The timer is set at the start.
    [['restraint.everySeconds=5'], ['restraint.everySeconds']],
    [
      ['capture.adapters=eth0', 'sensor.workers=3'],
      ['sensor.workers', 'capture.adapters'],
    ],
    [['metrics.token=env:T'], ['metrics.token']],
    [['limits.ip.tunnelDepth=2'], ['limits.ip.tunnelDepth']],
  ])('%j needs a restart for %j', (flags, keys) => {
    expect(needRestart(config(), config(...flags))).toEqual(keys);
    expect(needRestart(config(...flags), config()).sort()).toEqual([...keys].sort());
  });
});
