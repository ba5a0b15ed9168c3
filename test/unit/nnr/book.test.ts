// Who had an address when: churn, conflicts, expiry, bounds; and that no two computers ever have one address for certain.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { registerNames } from '../../../src/metrics/nnr.ts';
import { Book, type Change } from '../../../src/nnr/book.ts';
import type { Directory } from '../../../src/nnr/directory.ts';
import type { BookClaim } from '../../../src/nnr/holder.ts';
import { nnrLimits } from '../../../src/nnr/limits.ts';
import { type ComputerName, computerName, isSameComputer } from '../../../src/nnr/names.ts';
import { METHODS } from '../../../src/nnr/weights.ts';
import { configureLimits } from '../../../src/protocols/limits.ts';

const IP = '10.0.0.42';
const KEY = 42;
const claim = (at: number, method: string, name: string, rest: Partial<BookClaim> = {}): BookClaim => ({
  address: KEY,
  ip: IP,
  at,
  name,
  domain: '',
  os: '',
  mac: '',
  method,
  ...rest,
});
/** What it changed, in short: `conflict ws1 low (ws2)`. */
const brief = (change: Change): string => {
  const { kind, holding, previous } = change;
  return [kind, holding.text, holding.certainty, holding.conflict && `(${holding.conflict})`, previous && `<${previous}`]
    .filter(Boolean)
    .join(' ');
};

/** Bytes in use, garbage not counted. */
function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

afterEach(() => configureLimits({}));

describe('one claim after the other', () => {
  it.each<readonly [string, readonly (readonly [BookClaim, string])[]]>([
    ['proof is enough', [[claim(0, 'ntlm-challenge', 'ws1.lab.example'), 'new ws1.lab.example high']]],
    [
      'two weak claims of different families agree',
      [
        [claim(0, 'ntlm-workstation', 'WS1'), 'new WS1 low'],
        [claim(1, 'netbios-session', 'ws1'), 'confirmed WS1 high'],
      ],
    ],
    [
      'two weak claims of one family are no more than one',
      [
        [claim(0, 'dns-a', 'ws1.lab.example'), 'new ws1.lab.example low'],
        [claim(1, 'dns-ptr', 'ws1.lab.example'), ''],
      ],
    ],
    [
      'a fuller name is told',
      [
        [claim(0, 'kerberos-machine-account', 'WS1', { domain: 'LAB.EXAMPLE' }), 'new WS1 high'],
        [claim(1, 'dns-a', 'ws1.lab.example'), 'fuller ws1.lab.example high <WS1'],
        [claim(2, 'kerberos-machine-account', 'WS1'), ''],
      ],
    ],
    [
      'a weaker claim casts doubt, once',
      [
        [claim(0, 'ntlm-challenge', 'ws1'), 'new WS1 high'],
        [claim(1, 'ntlm-workstation', 'ws2'), 'conflict WS1 low (WS2)'],
        [claim(2, 'ntlm-workstation', 'ws2'), ''],
        [claim(200, 'ntlm-challenge', 'ws1'), ''],
        [claim(303, 'ntlm-challenge', 'ws1'), 'confirmed WS1 high'],
      ],
    ],
    [
      'an old record against what a computer says of itself is nothing',
      [
        [claim(0, 'ntlm-challenge', 'ws1'), 'new WS1 high'],
        [claim(1, 'dns-ptr', 'old.lab.example'), ''],
        [claim(2, 'dns-a', 'www.lab.example'), ''],
      ],
    ],
    [
      'an alias yields to what the computer says, and is no doubt any more',
      [
        [claim(0, 'dns-a', 'www.lab.example'), 'new www.lab.example low'],
        [claim(1, 'dns-a', 'ftp.lab.example'), 'conflict www.lab.example low (ftp.lab.example)'],
        [claim(2, 'ntlm-challenge', 'web1.lab.example'), 'changed web1.lab.example low (www.lab.example) <www.lab.example'],
      ],
    ],
    [
      'a domain’s own address is that of a controller',
      [
        [claim(0, 'dns-a', 'lab.example'), 'new lab.example low'],
        [claim(1, 'dns-a', 'dc1.lab.example'), 'changed dc1.lab.example low <lab.example'],
        [claim(2, 'dns-a', 'lab.example'), ''],
      ],
    ],
    [
      'equal claims at once are a conflict, and it ends when one falls silent',
      [
        [claim(0, 'ntlm-challenge', 'ws1'), 'new WS1 high'],
        [claim(10, 'ntlm-challenge', 'ws2'), 'changed WS2 low (WS1) <WS1'],
        [claim(20, 'ntlm-challenge', 'ws1'), ''],
        [claim(30, 'ntlm-challenge', 'ws2'), ''],
        [claim(321, 'ntlm-challenge', 'ws2'), 'confirmed WS2 high'],
      ],
    ],
    [
      'after a silence another claim is another computer’s turn',
      [
        [claim(0, 'ntlm-challenge', 'ws1'), 'new WS1 high'],
        [claim(301, 'ntlm-challenge', 'ws2'), 'changed WS2 high <WS1'],
      ],
    ],
    [
      'a stale name yields to any other',
      [
        [claim(0, 'kerberos-machine-account', 'ws1'), 'new WS1 high'],
        [claim(3601, 'dns-a', 'other.lab.example'), 'changed other.lab.example low <WS1'],
      ],
    ],
    [
      'a lease given back ends the name; the next one begins anew',
      [
        [claim(0, 'ntlm-challenge', 'ws1'), 'new WS1 high'],
        [claim(10, 'dhcp-release', ''), 'ended WS1 high <WS1'],
        [claim(11, 'ntlm-challenge', 'ws2'), 'new WS2 high'],
      ],
    ],
    [
      'a lease granted ends whoever had the address: the applicant is known by its MAC address',
      [
        [claim(0, 'ntlm-challenge', 'ws1'), 'new WS1 high'],
        [claim(10, 'dhcp-request', 'ws2', { mac: '02:00:00:00:00:02' }), ''],
        [claim(11, 'dhcp-ack', '', { mac: '02:00:00:00:00:02' }), 'changed WS2 low <WS1'],
      ],
    ],
    [
      'a lease granted to nobody knows whom ends the name',
      [
        [claim(0, 'ntlm-challenge', 'ws1'), 'new WS1 high'],
        [claim(10, 'dhcp-ack', '', { mac: '02:00:00:00:00:02' }), 'ended WS1 high <WS1'],
      ],
    ],
    [
      'a request that is not granted changes nothing; a renewal neither',
      [
        [claim(0, 'ntlm-challenge', 'ws1'), 'new WS1 high'],
        [claim(10, 'dhcp-request', 'ws2', { mac: '02:00:00:00:00:02' }), ''],
        [claim(11, 'dhcp-renewal', '', { mac: '02:00:00:00:00:01' }), ''],
        [claim(12, 'ntlm-challenge', 'ws1'), ''],
      ],
    ],
    [
      'the same machine’s lease, granted again, leaves its name',
      [
        [claim(0, 'dhcp-request', 'ws1', { mac: '02:00:00:00:00:01' }), 'new WS1 low'],
        [claim(1, 'dhcp-ack', '', { mac: '02:00:00:00:00:01' }), ''],
        [claim(50, 'dhcp-ack', '', { mac: '02:00:00:00:00:01' }), ''],
        [claim(51, 'ntlm-workstation', 'WS1'), 'confirmed WS1 high'],
      ],
    ],
    ['an address is no name', [[claim(0, 'ntlm-workstation', '10.0.0.9'), '']]],
    ['a system alone names nobody', [[claim(0, 'tcp-syn', '', { os: 'Windows' }), '']]],
  ])('%s', (_, steps) => {
    const book = new Book();
    for (const [one, expected] of steps)
      expect(book.claim(one).map(brief).join(', '), `${one.at} ${one.method} ${one.name}`).toBe(expected);
  });
});

it('gives an activity the name that was true at its time', () => {
  const book = new Book();
  book.claim(claim(100, 'ntlm-challenge', 'ws1'));
  book.claim(claim(200, 'dhcp-release', ''));
  book.claim(claim(300, 'ntlm-challenge', 'ws2'));
  book.claim(claim(900, 'ntlm-challenge', 'ws3'));
  const at = (time: number): string | undefined => book.find(KEY, time)?.text;
  // The first is taken to have had it before, the next since the lease before it ended.
  expect([50, 100, 200, 200.5, 300, 899, 900.5].map(at)).toEqual(['WS1', 'WS1', 'WS1', 'WS2', 'WS2', 'WS2', 'WS3']);
});

it('tells what a recognised system is when the name comes', () => {
  const book = new Book();
  book.claim(claim(0, 'tcp-syn', '', { os: 'Windows' }));
  expect(book.claim(claim(1, 'dns-ptr', 'ws1.lab.example'))[0]?.holding.os).toBe('Windows');
  expect(book.claim(claim(2, 'ntlm-challenge', 'ws1', { os: 'Windows 10.0.20348' }))[0]?.holding.os).toBe('Windows 10.0.20348');
});

it('ends names that nobody confirms, and misses', () => {
  const book = new Book({ hitSeconds: 600, missSeconds: 60 });
  book.claim(claim(0, 'ntlm-challenge', 'ws1'));
  book.claim(claim(500, 'ntlm-challenge', 'ws1'));
  expect(book.expire(700)).toEqual([]);
  expect(book.isWanted(KEY, 700)).toBe(false);
  expect(book.expire(1161).map(brief)).toEqual(['expired WS1 high <WS1']);
  expect(book.find(KEY, 1100)?.text).toBe('WS1');
  expect(book.find(KEY, 1101)).toBeUndefined();
  expect(book.isWanted(KEY, 1161)).toBe(true);
  book.miss(KEY, IP, 1161);
  expect(book.isWanted(KEY, 1200)).toBe(false);
  expect(book.isWanted(KEY, 1222)).toBe(true);
  expect(book.expire(5000)).toEqual([]);
  expect(book.save(5000).misses).toEqual([]);
});

it('tells the end of a name that a late claim finds expired, once, and before what the claim begins', () => {
  for (const [method, name, begun] of [
    ['ntlm-challenge', 'ws2', ['new WS2 high']],
    ['ntlm-challenge', 'ws1', ['new WS1 high']],
    ['tcp-syn', '', []],
  ] as const) {
    const book = new Book({ hitSeconds: 600, missSeconds: 60 });
    book.claim(claim(0, 'ntlm-challenge', 'ws1'));
    expect(book.expire(605)).toEqual([]);
    expect(book.claim(claim(610, method, name, { os: 'Windows' })).map(brief)).toEqual(['expired WS1 high <WS1', ...begun]);
    expect(book.expire(720)).toEqual([]);
  }
});

it('counts the addresses whose computer is known, and activity ends with a name and without', async () => {
  configureLimits({ 'nnr.addresses': 8 });
  const book = new Book({ hitSeconds: 600, missSeconds: 60 });
  const at = (address: number, time: number, method: string, name: string): void => {
    book.claim({ ...claim(time, method, name), address, ip: `10.0.0.${address}` });
  };
  at(1, 0, 'ntlm-challenge', 'ws1');
  at(1, 1, 'netbios-status', 'ws1');
  at(1, 2, 'ntlm-challenge', 'ws9');
  at(2, 3, 'ntlm-challenge', 'ws2');
  at(3, 4, 'ntlm-challenge', 'ws3');
  expect(book.known).toBe(3);
  at(3, 5, 'dhcp-release', '');
  expect(book.known).toBe(2);
  expect([1, 2, 3, 4].map((address) => book.json(address, 10) !== undefined)).toEqual([true, true, false, false]);
  // Another book takes them over, once.
  const saved = book.save(10);
  const other = new Book();
  other.restore({ ...saved, hits: [...saved.hits, ...saved.hits] }, (ip) => Number(ip.split('.')[3]), 10);
  expect(other.known).toBe(2);
  book.expire(1000);
  expect(book.known).toBe(0);
  for (let address = 0; address < 100; address++) at(address, 1001, 'ntlm-challenge', `ws${address}`);
  const found = Array.from({ length: 100 }, (_, address) => book.find(address, 1002)).filter(Boolean);
  expect(book.known).toBeLessThanOrEqual(8);
  expect(book.known).toBe(book.save(1002).hits.length);
  expect(found.length).toBeGreaterThan(0);
  const registry = new Registry();
  registerNames(registry, book);
  const lines = (await registry.metrics()).split('\n');
  expect(lines).toContain(`adtap_names ${book.known}`);
  expect(lines).toContain('adtap_name_lookups_total{result="hit"} 2');
  expect(lines).toContain('adtap_name_lookups_total{result="miss"} 2');
});

it('is less certain of a name that was not confirmed for an hour', () => {
  const book = new Book();
  book.claim(claim(0, 'ntlm-challenge', 'ws1'));
  expect([3600, 3601].map((at) => book.find(KEY, at)?.certainty)).toEqual(['high', 'low']);
});

it('asks the directory', () => {
  const directory: Directory = {
    find: (name, domain) => (name.netbios === 'WS1' ? { id: 'guid-1', name, domain } : null),
  };
  const book = new Book(undefined, directory);
  expect(book.claim(claim(0, 'ntlm-challenge', 'ws1'))[0]?.holding).toMatchObject({ certainty: 'high', directory: 'guid-1' });
  expect(book.claim({ ...claim(0, 'ntlm-challenge', 'ws9'), address: 7 })[0]?.holding).toMatchObject({
    certainty: 'low',
    reasons: ['not-in-directory'],
    directory: null,
  });
});

describe('bounds', () => {
  it.each([9, 10, 11])('remembers at most 10 addresses, those in use longest: %i', (count) => {
    configureLimits({ 'nnr.addresses': 10 });
    const book = new Book();
    for (let i = 0; i < count; i++) {
      book.claim({ ...claim(i * 100, 'ntlm-challenge', `ws${i}`), address: i });
      book.claim({ ...claim(i * 100, 'ntlm-challenge', 'ws0'), address: 0 });
      book.miss(1000 + i, `10.9.0.${i}`, 0);
    }
    const { hits, misses } = book.save(1);
    expect(hits.length).toBeLessThanOrEqual(10);
    expect(misses.length).toBeLessThanOrEqual(10);
    expect(hits.length + nnrLimits.addresses.hits).toBe(count);
    expect(book.find(0, count * 100)?.text).toBe('WS0');
    if (count > 10) expect(nnrLimits.addresses.hits).toBeGreaterThan(0);
  });

  it.each([2, 3, 4])('remembers at most 2 earlier computers of an address: %i', (changes) => {
    configureLimits({ 'nnr.history': 2 });
    const book = new Book();
    for (let i = 0; i <= changes; i++) book.claim(claim(1000 * i, 'ntlm-challenge', `ws${i}`));
    expect(book.find(KEY, 500)?.text).toBe(changes > 2 ? undefined : 'WS0');
    expect(book.find(KEY, 1000 * changes - 500)?.text).toBe(`WS${changes - 1}`);
    expect(nnrLimits.history.hits).toBe(Math.max(0, changes - 2));
  });

  it('keeps memory flat under a flood of addresses that change hands', () => {
    configureLimits({ 'nnr.addresses': 10_000 });
    const book = new Book();
    const flood = (from: number): void => {
      for (let i = 0; i < 100_000; i++) {
        const address = (from + i) % 200_000;
        book.claim({ ...claim((from + i) / 10, 'ntlm-challenge', `ws${i}.lab.example`), address, ip: `host ${address}` });
        if (i % 1000 === 0) book.expire((from + i) / 10);
      }
    };
    flood(0);
    const before = heapAfterCollection();
    for (let round = 1; round <= 3; round++) flood(round * 100_000);
    expect(book.save(0).hits.length).toBeLessThanOrEqual(10_000);
    expect(heapAfterCollection() - before).toBeLessThan(10_000_000);
  });
});

describe('no sequence of claims', () => {
  const NAMES = [
    'ws1',
    'ws1.lab.example',
    'ws2',
    'ws2.lab.example',
    'ws2.other.example',
    'lab.example',
    '',
    '10.0.0.1',
    'printer.local',
  ];
  const MACS = ['', '02:00:00:00:00:01', '02:00:00:00:00:02'];
  const steps = fc.array(
    fc.record({
      wait: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 250, max: 350 }),
        fc.integer({ min: 3000, max: 40_000 }),
      ),
      name: fc.constantFrom(...NAMES),
      method: fc.constantFrom(...Object.keys(METHODS), 'dhcp-release', 'tcp-syn'),
      mac: fc.constantFrom(...MACS),
      isExpiry: fc.boolean(),
    }),
    { maxLength: 40 },
  );

  it('gives two computers for one address at one time with high certainty', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const book = new Book();
        const seen = new Map<number, ComputerName>();
        const times: number[] = [];
        let now = 1_000_000;
        for (const { wait, name, method, mac, isExpiry } of sequence) {
          now += wait;
          if (isExpiry) book.expire(now);
          book.claim(claim(now, method, method === 'dhcp-release' ? '' : name, { mac: method === 'dhcp-release' ? '' : mac }));
          times.push(now, now - 0.5, now - wait / 2);
          for (const time of times) {
            const found = book.find(KEY, time);
            if (found === undefined || found.certainty === 'low') continue;
            const computer = computerName(found.text)!;
            const before = seen.get(time);
            if (before !== undefined)
              expect(isSameComputer(before, computer), `${before.dns || before.netbios} and ${found.text} at ${time}`).toBe(true);
            seen.set(time, computer);
          }
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('says a conflict without both names, or high certainty beside one', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const book = new Book();
        let now = 0;
        for (const { wait, name, method, mac } of sequence) {
          now += wait;
          for (const { kind, holding } of book.claim(claim(now, method, name, { mac }))) {
            const { certainty, conflict, reasons, text } = holding;
            expect(text).not.toBe('');
            if (conflict !== '') expect(certainty).toBe('low');
            expect(reasons.includes('conflict')).toBe(conflict !== '');
            if (kind === 'conflict') expect(conflict).not.toBe('');
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
