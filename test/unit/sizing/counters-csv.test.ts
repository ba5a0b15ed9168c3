// Counters as people bring them, and what is said of those that are wrong.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { AdtapError } from '../../../src/errors.ts';
import { readCounters } from '../../../src/sizing/counters-csv.ts';
import { readHosts } from '../../../src/sizing/hosts.ts';
import type { CounterSeries } from '../../../src/sizing/join.ts';
import { trafficOf } from '../../../src/sizing/traffic.ts';
import { fixture } from '../../support/fixtures.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const file = (text: string | Buffer, name = 'table.csv'): string => {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
};
const machines = (...paths: readonly string[]): readonly CounterSeries[] => readCounters(paths).machines;

const PDH = [
  '"(PDH-CSV 4.0) (GMT Standard Time)(0)","\\\\DC01\\Network Interface(Ethernet)\\Packets/sec","\\\\DC01\\Network Interface(Ethernet 2)\\Packets/sec","\\\\dc02\\Network Adapter(vmxnet3, 1)\\Packets/sec","\\\\DC01\\Processor(_Total)\\% Processor Time"',
  '"11/20/2026 09:00:00.000"," "," "," "," "',
  '"11/20/2026 09:00:05.000","100","10","7","3"',
  '"11/20/2026 09:00:10.500","200"," ","8","3"',
  '',
].join('\r\n');

describe('readCounters', () => {
  it('reads what Performance Monitor writes: rates since the row before, adapters apart, blanks left out', () => {
    const [one, two] = machines(file(PDH));
    expect(one?.name).toBe('DC01');
    expect([...one!.adapters.keys()]).toEqual(['Ethernet', 'Ethernet 2']);
    const [first, second] = one!.adapters.get('Ethernet')!;
    expect([first!.to - first!.from, first!.packets]).toEqual([5, 500]);
    expect([second!.to - second!.from, second!.packets]).toEqual([5.5, 1100]);
    expect(one!.adapters.get('Ethernet 2')).toHaveLength(1);
    expect(first!.from).toBe(Date.UTC(2026, 10, 20, 9) / 1000);
    expect(two?.name).toBe('dc02');
    expect([...two!.adapters.keys()]).toEqual(['vmxnet3, 1']);
  });

  it('reads UTF-16 and a byte order mark', () => {
    const plain = machines(file(PDH));
    expect(machines(file(Buffer.from(`\ufeff${PDH}`, 'utf16le')))).toEqual(plain);
    expect(machines(file(`\ufeff${PDH}`))).toEqual(plain);
  });

  it('reads rates and totals in plain columns, in any order, several machines', () => {
    const rates = machines(
      file('dc,packets_per_second,time\nA,10,1700000000\nB,1,2023-11-14T22:13:20Z\nA,20,1700000005\nB,2,2023-11-14T22:13:30Z\n'),
    );
    const totals = machines(
      file('time,dc,packets_total\n1700000000,A,5000\n1700000000,B,70\n1700000005,A,5100\n1700000010,B,90\n'),
    );
    expect(rates).toEqual(totals);
    expect(totals.map(({ name, adapters }) => [name, adapters.get('')])).toEqual([
      ['A', [{ from: 1_700_000_000, to: 1_700_000_005, packets: 100 }]],
      ['B', [{ from: 1_700_000_000, to: 1_700_000_010, packets: 20 }]],
    ]);
  });

  it('leaves out the time in which a total began again, and counts it', () => {
    const [one] = machines(file('time,packets_total\n0,100\n5,200\n10,3\n15,23\n'));
    expect(one?.restarts).toBe(1);
    expect(one?.adapters.get('')).toEqual([
      { from: 0, to: 5, packets: 100 },
      { from: 10, to: 15, packets: 20 },
    ]);
  });

  it('takes an empty cell for a time of which nothing is known', () => {
    const [rates] = machines(file('time,packets_per_second\n0,1\n5,\n10,3\n'));
    expect(rates?.adapters.get('')).toEqual([{ from: 5, to: 10, packets: 15 }]);
    const [totals] = machines(file('time,packets_total\n0,1\n5,\n10,31\n'));
    expect(totals?.adapters.get('')).toEqual([{ from: 0, to: 10, packets: 30 }]);
  });

  it.each([
    ['', /is empty/],
    ['time,packets_per_second\n', /no sample/],
    ['when,packets_per_second\n0,1\n', /line 1: there is no column time/],
    ['time,packets\n0,1\n', /line 1: there must be a column packets_per_second or packets_total/],
    ['time,packets_per_second,packets_total\n0,1,1\n', /line 1: there must be .* one only/],
    ['time,packets_per_second\n0,1\nyesterday,1\n', /line 3: time is "yesterday"/],
    ['time,packets_per_second\n0,1\n5,many\n', /line 3: packets_per_second is "many"/],
    ['time,packets_per_second\n0,1\n5,-1\n', /line 3: packets_per_second is "-1"/],
    ['time,packets_per_second\n0,1\n5,Infinity\n', /line 3: packets_per_second is "Infinity", which is no amount/],
    ['time,packets_total\n0,1\n5,-1\n', /line 3: packets_total is "-1", which is no amount/],
    ['time,packets_per_second\n0,1\n\n5,1\n5,1\n', /line 5: its time is not after the one before/],
    ['time,packets_per_second\n0,1\n5,1,1\n', /line 3: 3 cells, the header has 2/],
    ['time,packets_per_second\n0,1\n5,"1\n', /line \d+: .*[Qq]uote/],
    ['"(PDH-CSV 4.0)","\\\\A\\Memory\\Available"\n', /line 1: no column is a counter/],
    [
      '"(PDH-CSV 4.0)","\\\\A\\Network Interface(x)\\Packets/sec"\n"20.11.2026 9:00","1"\n',
      /line 2: "20.11.2026 9:00" is no time/,
    ],
  ])('says what is wrong, and where: %j', (text, problem) => {
    let caught: unknown;
    try {
      machines(file(text));
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(AdtapError);
    expect((caught as AdtapError).code).toBe('ADTAP_E_COUNTERS');
    expect((caught as AdtapError).message).toMatch(problem);
  });

  it('says when there is no such file', () => {
    expect(() => machines(join(scratch, 'none.csv'))).toThrow(/none\.csv: cannot be read/);
  });

  it('refuses anything else with an AdtapError, and gives samples that go forward', () => {
    const cell = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.constantFrom('time', 'packets_total', 'dc', '"', '\n', ',', '(PDH-CSV 4.0)'),
    );
    fc.assert(
      fc.property(fc.array(fc.array(cell, { maxLength: 4 }), { maxLength: 6 }), (rows) => {
        try {
          const text = rows.map((cells) => cells.join(',')).join('\n');
          for (const { adapters } of machines(file(text)))
            for (const samples of adapters.values())
              for (const { from, to, packets } of samples) expect(to > from && packets >= 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(AdtapError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("reads the worked example's day", () => {
    const day = machines(fixture('capacity/day.csv'));
    expect(day.map(({ name, adapters }) => [name, adapters.size])).toEqual([
      ['DC01', 2],
      ['DC02', 1],
      ['DC03', 1],
    ]);
    for (const { adapters } of day) expect(trafficOf([...adapters.values()])?.isPartOfDay).toBe(false);
  });
});

describe('counters in several files', () => {
  const morning = 'time,dc,adapter,packets_per_second\n0,A,x,1\n5,A,x,100\n10,A,x,100\n';
  const noon = 'time,dc,adapter,packets_per_second\n15,a,x,200\n20,a,x,200\n';
  const other = 'time,dc,adapter,packets_per_second\n0,A,y,1\n5,A,y,7\n10,A,y,7\n';

  it('are one machine, its adapters together and its hours one after the other, whatever their order', () => {
    const paths = [file(morning, '1.csv'), file(noon, '2.csv'), file(other, '3.csv')] as const;
    const [one, ...more] = machines(...paths);
    expect(more).toEqual([]);
    expect(one?.name).toBe('A');
    // 5 s of 100, 5 s of 100; then twice 5 s of 200, the first from where the morning ended.
    expect(one?.adapters.get('x')).toEqual([
      { from: 0, to: 5, packets: 500 },
      { from: 5, to: 10, packets: 500 },
      { from: 10, to: 15, packets: 1000 },
      { from: 15, to: 20, packets: 1000 },
    ]);
    expect(one?.adapters.get('y')).toHaveLength(2);
    const backwards = machines(paths[1], paths[2], paths[0]);
    expect(backwards.map(({ adapters }) => [adapters.get('x'), adapters.get('y')])).toEqual([
      [one?.adapters.get('x'), one?.adapters.get('y')],
    ]);
  });

  it('go on with a total from file to file', () => {
    const [one] = machines(
      file('time,packets_total\n3600,900\n7200,1000\n', 'b.csv'),
      file('time,packets_total\n0,100\n3600,800\n', 'a.csv'),
    );
    // The time that stands in both is counted once; 900 follows 800 at the same moment and only begins.
    expect(one?.adapters.get('')).toEqual([
      { from: 0, to: 3600, packets: 700 },
      { from: 3600, to: 7200, packets: 100 },
    ]);
  });

  it('are refused when they tell of the same time, with both names', () => {
    const first = file(morning, 'first.csv');
    expect(() => machines(first, file(morning, 'copy.csv'))).toThrow(
      /first\.csv and \S+copy\.csv: both tell of A, x from 1970-01-01T00:00:00Z to 1970-01-01T00:00:10Z/,
    );
    expect(() => machines(first, first)).toThrow(/both tell of A, x/);
  });

  it('are refused when one has rates and the other totals', () => {
    const totals = file('time,dc,adapter,packets_total\n20,A,x,1\n25,A,x,2\n', 'totals.csv');
    expect(() => machines(file(morning, 'rates.csv'), totals)).toThrow(/one has rates of A, x, the other totals/);
  });

  it('take a name for those that say none', () => {
    const nameless = file('time,packets_total\n0,0\n5,10\n', 'nameless.csv');
    const found = readCounters([nameless, file(morning, 'named.csv')], 'DC7');
    expect(found.machines.map(({ name }) => name)).toEqual(['DC7', 'A']);
    expect(found.isNamed).toBe(false);
    expect(readCounters([file(PDH)], 'DC7').isNamed).toBe(true);
  });
});

describe('a gap', () => {
  it('in rates is not filled with the rate after it', () => {
    // Every 5 s, but nothing between 20 s and an hour later: that rate tells of 5 s.
    const rows = [0, 5, 10, 15, 20, 3620, 3625].map((time) => `${time},100`);
    const [one] = machines(file(`time,packets_per_second\n${rows.join('\n')}\n`));
    expect(one?.adapters.get('')?.slice(-2)).toEqual([
      { from: 3615, to: 3620, packets: 500 },
      { from: 3620, to: 3625, packets: 500 },
    ]);
    const pdh = PDH.replace('09:00:10.500', '11:00:10.000').replace(
      /\r\n$/,
      '\r\n"11/20/2026 11:00:15.000","1","1","1","1"\r\n"11/20/2026 11:00:20.000","1","1","1","1"\r\n',
    );
    const [dc] = machines(file(pdh));
    expect(dc?.adapters.get('Ethernet')?.map(({ packets }) => packets)).toEqual([500, 1000, 5, 5]);
  });

  it('does not make the busiest time of what came after it', () => {
    const times = [
      ...Array.from({ length: 241 }, (_, index) => index * 5),
      ...Array.from({ length: 241 }, (_, index) => 4800 + index * 5),
    ];
    const rows = times.map((time) => `${time},${time === 4800 ? 50_000 : 1000}`);
    const [one] = machines(file(`time,packets_per_second\n${rows.join('\n')}\n`));
    const traffic = trafficOf([...one!.adapters.values()])!;
    // The least that may be known of 15 minutes are 810 s: 5 s of 50,000 and 805 s of 1000, not an hour of 50,000.
    expect(traffic.busy).toBeCloseTo((50_000 * 5 + 1000 * 805) / 810, 6);
    // Twice 20 min, and the 5 s before the first rate after the gap.
    expect(traffic.seconds).toBeCloseTo(2405, 6);
  });

  it('is none where the interval is another from then on', () => {
    const times = [
      ...Array.from({ length: 20 }, (_, index) => index * 5),
      ...Array.from({ length: 20 }, (_, index) => 155 + 60 * index),
    ];
    const [one] = machines(file(`time,packets_per_second\n${times.map((time) => `${time},1`).join('\n')}\n`));
    // All of 1295 s are known: 19 times 5 s and 20 times 60 s.
    expect(one?.adapters.get('')?.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(1295);
  });

  it('in totals is known in sum', () => {
    const [one] = machines(file('time,packets_total\n0,0\n5,10\n10,20\n3610,7220\n3615,7230\n'));
    expect(one?.adapters.get('')?.at(2)).toEqual({ from: 10, to: 3610, packets: 7200 });
  });
});

describe('a log of Performance Monitor', () => {
  const head = (zone: string, counter = '\\\\A\\Network Interface(x)\\Packets/sec'): string =>
    `"(PDH-CSV 4.0)${zone}","${counter}"\n`;
  const rows = (...times: readonly string[]): string => times.map((time) => `"${time}","1"\n`).join('');
  const spans = (text: string): readonly (readonly [number, number])[] =>
    machines(file(text))[0]!
      .adapters.get('x')!
      .map(({ from, to }) => [from, to]);

  it('has its times turned into UTC by its zone', () => {
    const day = rows('11/20/2026 09:00:00.000', '11/20/2026 09:00:05.000');
    const nine = Date.UTC(2026, 10, 20, 9) / 1000;
    // Minutes from local time to UTC: an hour less in Berlin, five more in New York.
    expect(spans(head(' (W. Europe Standard Time)(-60)') + day)).toEqual([[nine - 3600, nine - 3595]]);
    expect(spans(head(' (Eastern Standard Time)(300)') + day)).toEqual([[nine + 18_000, nine + 18_005]]);
    expect(machines(file(head(' (UTC)(0)') + day))[0]?.notes).toEqual([]);
    expect(machines(file(head('') + day))[0]?.notes.join()).toMatch(/names no time zone; its times were taken for UTC/);
  });

  it('goes on through the night in which clocks go back', () => {
    const night = rows('10/25/2026 02:59:50', '10/25/2026 02:59:55', '10/25/2026 02:00:00', '10/25/2026 02:00:05');
    const text = head(' (W. Europe Daylight Time)(-120)') + night;
    const from = Date.UTC(2026, 9, 25, 0, 59, 50) / 1000;
    expect(spans(text)).toEqual([
      [from, from + 5],
      [from + 5, from + 10],
      [from + 10, from + 15],
    ]);
    expect(machines(file(text))[0]?.notes.join()).toMatch(/line 4: the clock went back an hour/);
  });

  it('goes on through the night in which clocks go forward, and into the next file', () => {
    const times = ['01:59:50', '01:59:55', '03:00:00', '03:00:05'];
    const night = (date: string): string =>
      head(' (W. Europe Standard Time)(-60)') + rows(...times.map((time) => `${date} ${time}`));
    const after = head(' (W. Europe Daylight Time)(-120)') + rows('03/29/2026 03:00:10', '03/29/2026 03:00:15');
    const [one] = machines(file(night('03/29/2026'), 'night.csv'), file(after, 'after.csv'));
    const from = Date.UTC(2026, 2, 29, 0, 59, 50) / 1000;
    // Five samples of 5 s, from 00:59:50 to 01:00:15 in UTC.
    expect(one?.adapters.get('x')?.map(({ to }) => to - from)).toEqual([5, 10, 15, 20, 25]);
    expect(one?.notes.join()).toMatch(/line 4: the clock went forward an hour/);
    // On a Monday it is a gap: what is known of it is one interval.
    const [monday] = machines(file(night('03/30/2026')));
    expect(monday?.notes).toEqual([]);
    expect(monday?.adapters.get('x')?.map(({ to }) => to - from - 86_400)).toEqual([5, 3610, 3615]);
  });

  it('goes back once, and by an hour only', () => {
    const zone = head(' (UTC)(0)');
    for (const step of ['02:30:00', '01:00:00', '02:59:54'])
      expect(() => spans(zone + rows('10/25/2026 02:59:50', '10/25/2026 02:59:55', `10/25/2026 ${step}`))).toThrow(
        /line 4: .*not after/,
      );
    const twice = ['02:59:50', '02:59:55', '02:00:00', '02:59:55', '02:00:00'].map((time) => `10/25/2026 ${time}`);
    expect(() => spans(zone + rows(...twice))).toThrow(/line 6: .*not after/);
  });

  it('may end with the words with which typeperf ends', () => {
    const text = `\n${head(' (UTC)(0)')}${rows('11/20/2026 09:00:00.000', '11/20/2026 09:00:05.000')}\nExiting, please wait...                         \nThe command completed successfully.\n`;
    expect(spans(text)).toHaveLength(1);
  });

  it('may be parted by tabs', () => {
    const text = `${head(' (UTC)(0)').replace('CSV', 'TSV').replace(',', '\t')}"11/20/2026 09:00:00.000"\t" "\n"11/20/2026 09:00:05.000"\t"7"\n`;
    expect(machines(file(text))[0]?.adapters.get('x')).toMatchObject([{ packets: 35 }]);
  });

  it('may be of a German Windows', () => {
    const counter = '\\\\A\\Netzwerkschnittstelle(x)\\Pakete/s';
    expect(
      spans(head(' (Mitteleuropäische Zeit)(-60)', counter) + rows('11/20/2026 09:00:00', '11/20/2026 09:00:05')),
    ).toHaveLength(1);
  });

  it.each([
    [rows('18/11/2026 09:00:00.000'), /line 2: "18\/11\/2026 09:00:00.000" has the day first; .* month first/],
    [rows('13/14/2026 09:00:00.000'), /line 2: .* is no time/],
    [rows('04/31/2026 09:00:00.000'), /line 2: .* is no time/],
    [rows('02/29/2026 09:00:00.000'), /line 2: .* is no time/],
    [rows('11/20/2026 29:00:00.000'), /line 2: .* is no time/],
    [rows('11/20/2026 09:60:00.000'), /line 2: .* is no time/],
  ])('with %j is refused', (text, problem) => {
    expect(() => machines(file(head(' (UTC)(0)') + text))).toThrow(problem);
  });

  it('of one direction or in another language is refused with what is wanted', () => {
    const counter = '\\\\A\\Netzwerkschnittstelle(x)\\Empfangene Pakete/s';
    expect(() => machines(file(head(' (UTC)(0)', counter) + rows('11/20/2026 09:00:00')))).toThrow(
      /Network Interface\(Ethernet\)\\Packets\/sec, which counts both directions; the first is "\\\\A\\Netzwerkschnittstelle\(x\)\\Empfangene Pakete\/s"\. .*another language.*first line/,
    );
  });

  it('with an adapter in two columns is refused', () => {
    const two = '"(PDH-CSV 4.0)","\\\\A\\Network Interface(x)\\Packets/sec","\\\\a\\Network Adapter(x)\\Packets/sec"\n';
    expect(() => machines(file(`${two}"11/20/2026 09:00:00","1","1"\n`))).toThrow(/A, x has two columns/);
  });
});

describe('the form of a table', () => {
  const table = 'time,packets_per_second\n0,1\n5,1.5\n';
  const samples = [{ from: 0, to: 5, packets: 7.5 }];

  it('may have semicolons and decimal commas, or tabs', () => {
    const semicolons = 'time;packets_per_second\n0;1\n5;1,5\n';
    for (const text of [table, semicolons, table.replaceAll(',', '\t')])
      expect(machines(file(text))[0]?.adapters.get('')).toEqual(samples);
  });

  it('may have an empty first cell between tabs', () => {
    expect(machines(file('dc\ttime\tpackets_total\n\t0\t1\n\t5\t2\n'))[0]).toMatchObject({ name: '' });
  });

  it('may be UTF-16 with the high byte first', () => {
    const bytes = Buffer.from(`\ufeff${table}`, 'utf16le').swap16();
    expect(machines(file(bytes))[0]?.adapters.get('')).toEqual(samples);
    // Half a character at the end is none.
    expect(machines(file(Buffer.concat([bytes, Buffer.of(0)])))[0]?.adapters.get('')).toEqual(samples);
  });

  it('is no binary one, and what is wrong is not shown at length', () => {
    expect(() => machines(file(Buffer.from([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0])))).toThrow(/is no text; relog .* --capture/);
    for (const cell of ['x'.repeat(5000), `"${'"\u009b'.repeat(900)}`, '\u009b31m']) {
      let said = '';
      try {
        machines(file(`time,packets_per_second\n0,1\n${cell},1\n`));
      } catch (error) {
        said = (error as Error).message;
      }
      expect(said).toMatch(/line 3/);
      expect(said.length).toBeLessThan(450);
      expect(said).not.toMatch(/\p{Cc}/u);
    }
  });

  it.each([
    'foo 1',
    '2026-11-20',
    '2026-11-20T09:00:00',
    '2026-04-31T09:00:00Z',
    '2026-11-20T24:00:00Z',
    '20.11.2026',
    '-5',
    '1700000000000',
  ])('has no time %j', (time) => {
    expect(() => machines(file(`time,packets_per_second\n${time},1\n`))).toThrow(/line 2: time is .*RFC 3339/);
  });

  it('has times of any zone', () => {
    const [one] = machines(file('time,packets_total\n2026-11-20T09:00:00.5+01:00,1\n2026-11-20 08:00:10Z,2\n'));
    const eight = Date.UTC(2026, 10, 20, 8) / 1000;
    expect(one?.adapters.get('')).toEqual([{ from: eight + 0.5, to: eight + 10, packets: 1 }]);
  });
});

describe('readHosts', () => {
  it('reads cores and memory, and what more there is', () => {
    const hosts = readHosts(file('DC,Cores,Memory_GB,os,cpu_percent\nDC01,4,16,Windows Server 2022,25\nDC02,,8,,\n'));
    expect(hosts.get('dc01')).toEqual({ cores: 4, memoryGib: 16, os: 'Windows Server 2022', busyCpu: 0.25, usedMemoryGib: 0 });
    expect(hosts.get('dc02')).toEqual({ cores: null, memoryGib: 8, os: null, busyCpu: 0, usedMemoryGib: 0 });
  });

  it.each([
    ['dc,cores\nA,2\n', /line 1: there is no column memory_gb/],
    ['dc,cores,memory_gb\nA,two,8\n', /line 2: cores is "two"/],
    ['dc,cores,memory_gb\nA,0,8\n', /line 2: cores is 0; it must be from 0.1 to 1024/],
    ['dc,cores,memory_gb\nA,1e99,8\n', /line 2: cores is 1e\+99/],
    ['dc,cores,memory_gb\nA,2,8\na,2,8\n', /line 3: a comes twice/],
    ['dc,cores,memory_gb\n,2,8\n', /line 2: dc is empty/],
    ['dc,cores,memory_gb,cpu_percent\nA,2,8,101\n', /line 2: cpu_percent is 101/],
  ])('says what is wrong, and where: %j', (text, problem) => {
    expect(() => readHosts(file(text))).toThrow(problem);
  });
});
