// The policy as a table: what each method said, whether reverse DNS is due, and the verdict. The rules are those of
// docs/nnr.md; which methods are primary and when reverse DNS is asked is Defender for Identity's documentation.
import { describe, expect, it } from 'vitest';
import type { ActiveMethod, Answer } from '../../../src/nnr/answer.ts';
import type { Directory } from '../../../src/nnr/directory.ts';
import { DEFAULT_LIFETIMES, judge, needsReverse } from '../../../src/nnr/verdict.ts';

const NOW = 1_800_000_000;
const SHORT: Readonly<Record<string, ActiveMethod>> = {
  rpc: 'ntlm-rpc',
  nb: 'netbios',
  rdp: 'rdp',
  ptr: 'reverse-dns',
  'ptr+': 'reverse-dns',
};

/** `rpc:ws1.lab.example nb:WS1 ptr+:-`: `-` stands for no answer, `+` for a confirmed pointer. */
function answersOf(text: string): Answer[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map((word, index): Answer => {
      const [short = '', name = ''] = word.split(':');
      const isDns = name.includes('.');
      return {
        method: SHORT[short] as ActiveMethod,
        address: '10.0.0.42',
        at: NOW + index,
        milliseconds: 5,
        names:
          name === '-'
            ? null
            : {
                netbios: isDns ? '' : name,
                dns: isDns ? name : '',
                netbiosDomain: isDns ? '' : 'LAB',
                dnsDomain: '',
                os: '',
                mac: '',
                users: [],
              },
        reason: name === '-' ? 'timeout' : '',
        evidence: word,
        isConfirmed: short === 'ptr+',
      };
    });
}

describe.each([
  // answers, reverse DNS due, computer, certainty, reasons, methods, conflicts
  ['', true, null, 'low', 'no-name', '', ''],
  ['rpc:- nb:- rdp:-', true, null, 'low', 'no-name', '', ''],
  ['rpc:- nb:- rdp:- ptr:-', true, null, 'low', 'no-name', '', ''],
  ['rpc:ws1.lab.example nb:- rdp:-', false, 'ws1.lab.example', 'high', 'proof', 'ntlm-rpc', ''],
  ['rpc:- nb:WS1 rdp:-', false, 'WS1', 'high', 'proof', 'netbios', ''],
  ['rpc:- nb:- rdp:ws1.lab.example', false, 'ws1.lab.example', 'high', 'proof', 'rdp', ''],
  ['rpc:ws1.lab.example nb:WS1 rdp:WS1', false, 'ws1.lab.example', 'high', 'proof', 'ntlm-rpc netbios rdp', ''],
  [
    'nb:WORKSTATION-WIT rpc:workstation-with-a-name.lab.example',
    false,
    'workstation-with-a-name.lab.example',
    'high',
    'proof',
    'netbios ntlm-rpc',
    '',
  ],
  ['rpc:- nb:- rdp:- ptr:ws1.lab.example', true, 'ws1.lab.example', 'low', 'secondary-only', 'reverse-dns', ''],
  ['rpc:- nb:- rdp:- ptr+:ws1.lab.example', true, 'ws1.lab.example', 'high', 'both-ways', 'reverse-dns', ''],
  ['rpc:ws1.lab.example nb:WS2', true, 'ws1.lab.example', 'low', 'conflict', 'ntlm-rpc', 'WS2'],
  ['rpc:ws1.lab.example nb:WS2 rdp:WS2', true, 'WS2', 'low', 'conflict', 'netbios rdp', 'ws1.lab.example'],
  [
    'rpc:ws1.lab.example nb:WS2 ptr:ws2.lab.example',
    true,
    'ws2.lab.example',
    'low',
    'conflict',
    'netbios reverse-dns',
    'ws1.lab.example',
  ],
  ['rpc:ws1.lab.example nb:WS2 ptr+:ws1.lab.example', true, 'ws1.lab.example', 'low', 'conflict', 'ntlm-rpc reverse-dns', 'WS2'],
  [
    'rpc:ws1.lab.example nb:WS2 ptr:ws3.lab.example',
    true,
    'ws1.lab.example',
    'low',
    'conflict',
    'ntlm-rpc',
    'WS2 ws3.lab.example',
  ],
  ['rpc:ws1.a.example nb:- rdp:ws1.b.example', true, 'ws1.a.example', 'low', 'conflict', 'ntlm-rpc', 'ws1.b.example'],
  // A pointer that nobody asked for because a primary answered may be old: it is told, and changes nothing.
  ['rpc:ws1.lab.example ptr:old.lab.example', false, 'ws1.lab.example', 'high', 'proof', 'ntlm-rpc', 'old.lab.example'],
  ['rpc:10.0.0.42 nb:-', true, null, 'low', 'no-name', '', ''],
] as const)('%s', (text, isReverseDue, computer, certainty, reasons, methods, conflicts) => {
  const answers = answersOf(text);

  it(`reverse DNS is ${isReverseDue ? '' : 'not '}due`, () => {
    expect(needsReverse(answers)).toBe(isReverseDue);
  });

  it.each(['as they came', 'the other way round'])(`is ${computer}, ${certainty}: %s`, (order) => {
    const verdict = judge('10.0.0.42', order === 'as they came' ? answers : answers.toReversed(), NOW);
    const { name } = verdict;
    expect(name === null ? null : name.dns || name.netbios).toBe(computer);
    expect(verdict.certainty).toBe(certainty);
    expect(verdict.reasons.join(' ')).toBe(reasons);
    expect(verdict.methods.toSorted()).toEqual(methods.split(' ').filter(Boolean).toSorted());
    expect(verdict.conflicts.toSorted()).toEqual(conflicts.split(' ').filter(Boolean).toSorted());
    expect(verdict.at).toBe(NOW + Math.max(0, answers.length - 1));
    const { hitSeconds, missSeconds } = DEFAULT_LIFETIMES;
    expect(verdict.validUntil).toBe(verdict.at + (computer === null ? missSeconds : hitSeconds));
  });
});

it('gathers domain, system, MAC address and users of those who agree', () => {
  const [rpc, nb, other] = answersOf('rpc:ws1.lab.example nb:WS1 rdp:ws2.lab.example') as [Answer, Answer, Answer];
  const verdict = judge(
    '10.0.0.42',
    [
      { ...rpc, names: { ...rpc.names!, dnsDomain: 'lab.example', os: 'Windows 10.0.20348' } },
      { ...nb, names: { ...nb.names!, mac: '02:00:00:00:00:01', users: ['ALICE'] } },
      { ...other, names: { ...other.names!, users: ['MALLORY'] } },
    ],
    NOW,
  );
  expect(verdict).toMatchObject({
    domain: 'lab.example',
    os: 'Windows 10.0.20348',
    mac: '02:00:00:00:00:01',
    users: ['ALICE'],
    conflicts: ['ws2.lab.example'],
  });
  expect(verdict.evidence.map(({ method, name, text }) => [method, name, text])).toEqual([
    ['ntlm-rpc', 'ws1.lab.example', 'rpc:ws1.lab.example'],
    ['netbios', 'WS1', 'nb:WS1'],
    ['rdp', 'ws2.lab.example', 'rdp:ws2.lab.example'],
  ]);
});

it('asks the directory: what it knows is tied to its object, what it does not know is uncertain', () => {
  const known = { id: 'guid-1', name: { netbios: 'WS1', dns: 'ws1.lab.example' }, domain: 'lab.example' };
  const directory: Directory = { find: ({ netbios }) => (netbios === 'WS1' ? known : null) };
  expect(judge('10.0.0.42', answersOf('nb:WS1'), NOW, DEFAULT_LIFETIMES, directory)).toMatchObject({
    certainty: 'high',
    directory: known,
  });
  expect(judge('10.0.0.42', answersOf('nb:WS9'), NOW, DEFAULT_LIFETIMES, directory)).toMatchObject({
    certainty: 'low',
    reasons: ['not-in-directory'],
    directory: null,
  });
});
