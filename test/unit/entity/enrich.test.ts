// What other packets told is spliced in: by ticket, by session, by claim; and what must not be spliced in.
import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  ACCOUNT_END,
  ACTIVITY,
  BEARER_END,
  COLUMNS,
  END,
  ISSUES,
  KIND,
  LOGGED_ON,
  LOGON,
  NOT_LOGGED_ON,
  type Said,
  START,
  TICKET,
} from '../../../src/activity/rows.ts';
import { Enricher } from '../../../src/entity/enrich.ts';
import type { LineSink } from '../../../src/entity/line-sink.ts';
import type { ActiveMethod, Answer } from '../../../src/nnr/answer.ts';
import { Book } from '../../../src/nnr/book.ts';
import { Generations } from '../../../src/nnr/generations.ts';
import { judge } from '../../../src/nnr/verdict.ts';
import { fixture } from '../../support/fixtures.ts';
import { runFiles } from '../../support/in-process.ts';

describe('Generations', () => {
  it.each([3, 4, 5])('remembers at most its capacity (4), and what is in use longest: %i entries', (count) => {
    const map = new Generations<number, number>(4);
    for (let i = 0; i < count; i++) {
      map.set(i, i);
      map.get(0);
    }
    expect(map.size).toBeLessThanOrEqual(4);
    expect(map.get(0)).toBe(0);
  });
});

describe('the lab', () => {
  it('ties a ticket’s later uses to the account it was issued to', async () => {
    const { lines } = await runFiles(fixture('lab/smb-kerberos.pcap'));
    const access = lines.find((line) => line['type'] === 'kerberos.ap' && line['carrier'] === 'smb');
    expect(access).toMatchObject({
      account: { name: 'alice', domain: 'LAB.EXAMPLE', kind: 'user', via: 'ticket' },
      outcome: 'success',
    });
    const parent = (access?.['details'] as { parent: string } | undefined)?.parent;
    const issue = lines.find(
      (line) => (line['details'] as { ticket?: { id: string } }).ticket?.id === parent && line['type'] === 'kerberos.tgs',
    );
    expect(issue).toMatchObject({ account: { name: 'alice' }, target: access?.['target'] });
  });

  it('says of a ticket in another’s name that the service asked for it (S4U2self)', async () => {
    // The lab's own record: svc-web asks, in the name of alice.
    const { lines } = await runFiles(fixture('lab/kerberos-options.pcap'));
    const asked = lines.filter((line) => (line['details'] as { delegation?: string }).delegation === 's4u2self');
    expect(asked).toMatchObject([
      {
        type: 'kerberos.tgs',
        outcome: 'success',
        account: { name: 'svc-web', domain: 'LAB.EXAMPLE', via: 'ticket' },
        details: { impersonated: 'alice@LAB.EXAMPLE' },
      },
    ]);
  });

  it('does not let a session answer for a ticket that nobody issued (golden tickets)', async () => {
    const { lines } = await runFiles(fixture('lab/attack-pth-ptt.pcap'));
    const refused = lines.filter((line) => line['type'] === 'kerberos.tgs' && line['reason'] === 'KDC_ERR_TGT_REVOKED');
    expect(refused.length).toBeGreaterThan(0);
    for (const line of refused) expect(line['account']).toBeNull();
  });
});

describe('who acts where the line does not say', () => {
  const told = (): string[] => text.split('\n').slice(0, -1);
  let text = '';
  const sink: LineSink = {
    append: (bytes, start, end) => {
      text += Buffer.from(bytes.subarray(start, end)).toString();
    },
    endLine: () => undefined,
  };
  /** One activity: what stands before its line, the line with @ where its account is, and its row. */
  function said(before: string, line: string, values: Readonly<Record<number, number>>): Said {
    const start = before.length;
    const account = start + line.indexOf('@');
    const rows = new Float64Array(COLUMNS);
    const placed = { [KIND]: ACTIVITY, [START]: start, [ACCOUNT]: account, [ACCOUNT_END]: account + 4, [BEARER_END]: start };
    for (const [column, value] of Object.entries({ ...placed, ...values })) rows[Number(column)] = value;
    const lines = Buffer.from(`${before}${line.replace('@', 'null')}\n`);
    rows[END] = lines.length;
    return { sequence: 0, lines, rows, claims: [] };
  }
  const account = (name: string): string => `{"name":"${name}","domain":"LAB","kind":"user"}`;

  it('speaks for that other when it is used, while the service is told to have asked', () => {
    text = '';
    const enricher = new Enricher(sink, { entities: false, activities: true, sensor: 'adtap' });
    enricher.line(said(account('svc'), 'logon @', { [ISSUES]: 1 }), 0);
    enricher.line(said(account('alice'), 'delegated @', { [TICKET]: 1, [ISSUES]: 2 }), 0);
    enricher.line(said('', 'access @', { [TICKET]: 2 }), 0);
    const via = (name: string): string => account(name).replace('}', ',"via":"ticket"}');
    expect(told()).toEqual(['logon null', `delegated ${via('svc')}`, `access ${via('alice')}`]);
  });

  it('speaks for that other even where nobody knows who asked', () => {
    text = '';
    const enricher = new Enricher(sink, { entities: false, activities: true, sensor: 'adtap' });
    enricher.line(said(account('alice'), 'delegated @', { [TICKET]: 7, [ISSUES]: 2 }), 0);
    enricher.line(said('', 'access @', { [TICKET]: 2 }), 0);
    expect(told()).toEqual(['delegated null', `access ${account('alice').replace('}', ',"via":"ticket"}')}`]);
  });

  it('is the user of the session, but not of a logon, whatever became of it', () => {
    text = '';
    const enricher = new Enricher(sink, { entities: false, activities: true, sensor: 'adtap' });
    const named = said('', `logon @`, { [LOGON]: LOGGED_ON });
    const line = `logon ${account('bob')}\n`;
    const rows = Float64Array.from(named.rows);
    rows[ACCOUNT_END] = line.length - 1;
    rows[END] = line.length;
    enricher.line({ ...named, lines: Buffer.from(line), rows }, 0);
    enricher.line(said('', 'search @', {}), 0);
    enricher.line(said('', 'failed @', { [LOGON]: NOT_LOGGED_ON }), 0);
    enricher.line(said('', 'nameless @', { [LOGON]: LOGGED_ON }), 0);
    expect(told().slice(1)).toEqual([
      `search ${account('bob').replace('}', ',"via":"session"}')}`,
      'failed null',
      'nameless null',
    ]);
  });
});

describe('a logon that names nobody', () => {
  // tshark: the bind requests that frames 293 and 305 end (DIGEST-MD5, and one without credentials) have an empty name.
  it('is not put down to whoever logged on before from that address', async () => {
    const { lines } = await runFiles(fixture('lab/ldap-sasl.pcap'));
    const binds = lines.filter(({ frame }) => frame === 293 || frame === 305);
    expect(binds).toMatchObject([
      { type: 'ldap.bind', outcome: 'failure', account: null },
      { type: 'ldap.bind', outcome: 'unanswered', account: null },
    ]);
  });
});

describe('an address that changes hands', () => {
  it('is each time the computer that has the lease, and nobody in between', async () => {
    const { lines } = await runFiles(fixture('handmade/dhcp.pcap'), { emit: ['activities', 'entities'] });
    const sources = lines.filter((line) => line['kind'] === 'activity').map((line) => line['source'] as Record<string, unknown>);
    expect(sources.map(({ computer, certainty }) => [computer, certainty])).toEqual([
      ['ws1.lab.example', 'low'],
      [null, undefined],
      ['WS2', 'low'],
      ['ws2.lab.example', 'low'],
    ]);
    const told = lines
      .filter((line) => line['type'] === 'resolution')
      .map((line) => [line['change'], line['mac'], line['previous']]);
    expect(told).toEqual([
      ['new', '02:00:4d:00:00:66', null],
      ['ended', null, 'ws1.lab.example'],
      ['new', '02:00:4d:00:00:67', null],
      ['fuller', '02:00:4d:00:00:67', 'WS2'],
    ]);
  });

  it('is an unresolved computer while nobody has named it', async () => {
    const { lines } = await runFiles(fixture('handmade/dhcp.pcap'), { emit: ['entities'] });
    const computers = lines
      .filter((line) => line['type'] === 'computer')
      .map((line) => [line['known'], line['name'] ?? line['ip']]);
    expect(computers).toEqual([
      ['name', 'ws1.lab.example'],
      ['address', '10.77.1.10'],
      ['name', 'WS2'],
    ]);
  });
});

describe('answers to what was asked', () => {
  const answer = (method: ActiveMethod, dns: string): Answer => ({
    method,
    address: '10.0.0.42',
    at: 1_800_000_000.5,
    milliseconds: 3,
    names: dns === '' ? null : { netbios: '', dns, netbiosDomain: '', dnsDomain: 'lab.example', os: '', mac: '', users: [] },
    reason: dns === '' ? 'timeout' : '',
    evidence: '',
    isConfirmed: false,
  });
  const asked = (
    answers: readonly Answer[],
    book = new Book(),
  ): { readonly book: Book; readonly lines: Record<string, unknown>[] } => {
    const parts: string[] = [];
    const sink: LineSink = {
      append: (from, start, end) => void parts.push(Buffer.from(from.subarray(start, end)).toString()),
      endLine: () => undefined,
    };
    new Enricher(sink, { entities: true, activities: true, sensor: 'test', book }).answered('10.0.0.42', 42, answers);
    return { book, lines: parts.map((text) => JSON.parse(text) as Record<string, unknown>) };
  };

  it('are claims like any other', () => {
    const { book, lines } = asked([
      answer('ntlm-rpc', 'ws1.lab.example'),
      answer('netbios', ''),
      answer('rdp', 'ws1.lab.example'),
    ]);
    expect(lines.map(({ type }) => type)).toEqual(['computer', 'resolution']);
    expect(lines[1]).toMatchObject({
      time: '2027-01-15T08:00:00.500000000Z',
      computer: 'ws1.lab.example',
      certainty: 'high',
      evidence: { method: 'ntlm-rpc', frame: 0 },
    });
    expect(book.find(42, 1_800_000_001)).toEqual({ text: 'ws1.lab.example', certainty: 'high' });
    expect(book.isWanted(42, 1_800_000_001)).toBe(false);
  });

  it('that disagree are a conflict with both names', () => {
    const { lines } = asked([answer('ntlm-rpc', 'ws1.lab.example'), answer('rdp', 'ws2.lab.example')]);
    expect(lines.at(-1)).toMatchObject({
      change: 'conflict',
      computer: 'ws1.lab.example',
      conflict: 'ws2.lab.example',
      certainty: 'low',
      reasons: ['conflict'],
    });
  });

  // By method; `!` marks a PTR record whose name leads back.
  const rounds: readonly (readonly [string, Readonly<Partial<Record<ActiveMethod, string>>>])[] = [
    ['AAA', { 'ntlm-rpc': 'AAA', netbios: 'BBB', 'reverse-dns': 'AAA!' }],
    ['BBB', { 'ntlm-rpc': 'AAA', netbios: 'BBB', 'reverse-dns': 'BBB!' }],
    ['AAA', { 'ntlm-rpc': 'AAA', netbios: 'BBB', rdp: 'AAA' }],
    ['BBB', { 'ntlm-rpc': 'BBB', netbios: 'AAA', rdp: 'BBB' }],
    ['BBB', { 'ntlm-rpc': 'AAA', netbios: 'BBB', rdp: 'BBB' }],
    // The weakest primary method with DNS behind it against a stronger one.
    ['AAA', { 'ntlm-rpc': 'BBB', rdp: 'AAA', 'reverse-dns': 'AAA!' }],
  ];
  it.each(
    rounds.flatMap(([name, said]) => ['', name, name === 'AAA' ? 'BBB' : 'AAA'].map((before) => [name, before, said] as const)),
  )('are judged together: %s (known before: "%s") of %j', (name, before, said) => {
    const answers = Object.entries(said).map(([method, text]): Answer => {
      const one = answer(method as ActiveMethod, text.replace('!', ''));
      return { ...one, isConfirmed: text.endsWith('!') };
    });
    for (const order of [answers, answers.toReversed()]) {
      const known = new Book();
      if (before !== '') asked([{ ...answer('ntlm-rpc', before), at: 1_800_000_000 - 4000 }], known);
      const { book, lines } = asked(order, known);
      const other = name === 'AAA' ? 'BBB' : 'AAA';
      expect(judge('10.0.0.42', order, 0)).toMatchObject({
        name: { netbios: name },
        certainty: 'low',
        conflicts: [other],
      });
      expect(book.find(42, 1_800_000_001)).toMatchObject({ text: name, certainty: 'low' });
      expect(lines.at(-1)).toMatchObject({
        computer: name,
        conflict: other,
        certainty: 'low',
        reasons: ['conflict'],
      });
    }
  });

  it('without a name keep the address from being asked again', () => {
    const { book, lines } = asked([answer('ntlm-rpc', ''), answer('netbios', '')]);
    expect(lines).toEqual([]);
    expect(book.isWanted(42, 1_800_000_001)).toBe(false);
    expect(book.isWanted(42, 1_800_000_301)).toBe(true);
  });
});
