import { afterEach, describe, expect, it, vi } from 'vitest';
import { PrettySink } from '../../../src/sink/pretty.ts';

afterEach(() => vi.unstubAllEnvs());

/** What comes out for lines of NDJSON, in one write or a write each. */
async function shown(lines: readonly object[], { colour = false, each = false } = {}): Promise<string> {
  const written: string[] = [];
  let closed = 0;
  const sink = new PrettySink(
    {
      write: async (bytes) => {
        written.push(Buffer.from(bytes).toString('utf8'));
      },
      close: async () => {
        closed++;
      },
    },
    colour,
  );
  const texts = lines.map((line) => `${JSON.stringify(line)}\n`);
  for (const text of each ? texts : [texts.join('')]) await sink.write(Buffer.from(text));
  await sink.close();
  expect(closed).toBe(1);
  return written.join('');
}

const activity = {
  kind: 'activity',
  type: 'ntlm.logon',
  carrier: 'smb',
  time: '2026-11-22T03:04:05.678901Z',
  outcome: 'success',
  reason: null,
  account: { name: 'alice', domain: 'LAB', kind: 'user' },
  source: { ip: '10.0.0.1', port: 50_000, computer: 'WS1' },
  destination: { ip: '10.0.0.2', port: 445, computer: null },
  target: 'cifs/dc1',
};
const words = (text: string): string[] => text.trimEnd().split(/ +/);

describe('lines for people', () => {
  it('are one a line of JSON, however they come', async () => {
    const text = await shown([activity, { ...activity, target: null }]);
    expect(text.split('\n').map((line) => words(line).join(' '))).toEqual([
      '03:04:05.678 ok ntlm.logon over smb LAB\\alice WS1:50000 > 10.0.0.2:445 cifs/dc1',
      '03:04:05.678 ok ntlm.logon over smb LAB\\alice WS1:50000 > 10.0.0.2:445 -',
      '',
    ]);
    expect(await shown([activity, { ...activity, target: null }], { each: true })).toBe(text);
  });

  it('stand in columns: time, outcome, what, who, where', async () => {
    const [line = ''] = (await shown([activity])).split('\n');
    expect([0, 13, 18, 42, 69, 112].map((at) => words(line.slice(at))[0])).toEqual([
      '03:04:05.678',
      'ok',
      'ntlm.logon',
      'LAB\\alice',
      'WS1:50000',
      'cifs/dc1',
    ]);
    const [long = ''] = (await shown([{ ...activity, account: { ...activity.account, name: 'x'.repeat(60) } }])).split('\n');
    expect(long.indexOf('WS1:50000')).toBe(69);
    expect(long).toContain(`${`LAB\\${'x'.repeat(60)}`.slice(0, 25)}… WS1`);
  });

  it.each([
    ['success', null, 'ok', 'cifs/dc1'],
    ['failure', 'STATUS_LOGON_FAILURE', 'FAIL', 'cifs/dc1 STATUS_LOGON_FAILURE'],
    ['unanswered', null, '?', 'cifs/dc1'],
    // Nobody was refused: the client goes on from there.
    ['failure', 'KDC_ERR_PREAUTH_REQUIRED', 'step', 'cifs/dc1 KDC_ERR_PREAUTH_REQUIRED'],
    ['failure', 'KRB_ERR_RESPONSE_TOO_BIG', 'step', 'cifs/dc1 KRB_ERR_RESPONSE_TOO_BIG'],
    ['failure', 'KDC_ERR_WRONG_REALM', 'step', 'cifs/dc1 KDC_ERR_WRONG_REALM'],
    ['failure', 'KDC_ERR_MORE_PREAUTH_DATA_REQUIRED', 'step', 'cifs/dc1 KDC_ERR_MORE_PREAUTH_DATA_REQUIRED'],
  ])('tell %s, %s as %s', async (outcome, reason, mark, end) => {
    const text = await shown([{ ...activity, outcome, reason }]);
    expect(words(text)[1]).toBe(mark);
    expect(text.slice(112)).toBe(`${end}\n`);
  });

  it.each([
    [null, '-'],
    [{ name: 'alice', domain: '', kind: 'user' }, 'alice'],
    [{ name: '', domain: 'LAB', kind: 'anonymous' }, 'anonymous'],
  ])('name who it was: %j', async (account, who) => {
    expect(words((await shown([{ ...activity, carrier: null, account }])).slice(18)).slice(0, 2)).toEqual(['ntlm.logon', who]);
  });

  it('tell entities and messages', async () => {
    const entity = {
      v: 1,
      kind: 'entity',
      type: 'address',
      time: activity.time,
      frame: 7,
      sensor: 's',
      id: '10.0.0.1',
      evidence: { method: 'netbios' },
      name: 'WS1',
      os: null,
    };
    expect(words(await shown([entity]))).toEqual(['03:04:05.678', 'new', 'address', '10.0.0.1', 'name=WS1', '(netbios)']);
    const message = { frame: 12, proto: 'dns', src: '10.0.0.1', sport: 5000, dst: '10.0.0.2', dport: 53, id: 1, flags: ['a'] };
    expect(words((await shown([message])).trimStart())).toEqual([
      '12',
      'dns',
      '10.0.0.1:5000',
      '>',
      '10.0.0.2:53',
      'id=1',
      'flags=["a"]',
    ]);
  });

  it('are coloured only where they may be', async () => {
    // Node looks at these itself.
    vi.stubEnv('NO_COLOR', undefined);
    vi.stubEnv('FORCE_COLOR', '1');
    const esc = String.fromCharCode(27);
    expect(await shown([activity])).not.toContain(esc);
    // ECMA-48 8.3.117: 32 is green, 31 red.
    expect(await shown([activity], { colour: true })).toContain(`${esc}[32mok`);
    expect(await shown([{ ...activity, outcome: 'failure' }], { colour: true })).toContain(`${esc}[31mFAIL`);
  });
});
