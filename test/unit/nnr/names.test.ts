// Names in one form. Examples of cuts from MS-NBTE 2.2.1: the NetBIOS name is the first 15 characters, in upper case.
import { expect, it } from 'vitest';
import { netbiosName } from '../../../src/nnr/active/outcome.ts';
import type { ComputerName } from '../../../src/nnr/names.ts';
import { computerName, computerNameOf, domainName, isDomainOf, isSameComputer, merged, printed } from '../../../src/nnr/names.ts';

const named = (text: string): ComputerName => {
  const name = computerName(text);
  if (name === null) throw new Error(`${text} is no name`);
  return name;
};

it.each([
  ['WS1', 'WS1', ''],
  ['ws1', 'WS1', ''],
  ['ws1$', 'WS1', ''],
  ['Ws1.Lab.Example.', 'WS1', 'ws1.lab.example'],
  // Windows gives each character an upper case of one character, and leaves those that have none (MS-UCODEREF 3.1.5.3).
  ['großer-rechner1', 'GROßER-RECHNER1', ''],
  ['großer-rechner-eins', 'GROßER-RECHNER-', 'großer-rechner-eins'],
  ['workstation-with-a-long-name', 'WORKSTATION-WIT', 'workstation-with-a-long-name'],
  ['workstation-with-a-long-name.lab.example', 'WORKSTATION-WIT', 'workstation-with-a-long-name.lab.example'],
])('%s is %s and %s', (text, netbios, dns) => {
  expect(computerName(text)).toEqual({ netbios, dns });
});

it('a name that a peer says stays as long as it was', () => {
  expect(netbiosName('großer-rechner1')).toBe('GROßER-RECHNER1');
  expect(netbiosName('größe')).toBe('GRÖßE');
});

it.each(['', '.', '10.0.0.1', 'fd00::1', '*', 'a b', 'a\0', '\\\\ws1', 'localhost', 'a..b', '.a', 'x'.repeat(256)])(
  'no computer is called %j',
  (text) => {
    expect(computerName(text)).toBeNull();
  },
);

it.each([
  ['WS1', 'ws1.lab.example', true],
  ['WS1', 'ws2.lab.example', false],
  ['ws1.lab.example', 'WS1.LAB.EXAMPLE.', true],
  ['ws1.lab.example', 'ws1.other.example', false],
  ['ws1.local', 'ws1.lab.example', true],
  ['ws1.corp.local', 'ws1.lab.example', false],
  ['WORKSTATION-WIT', 'workstation-with-a-long-name.lab.example', true],
  ['workstation-with-one.lab.example', 'workstation-with-two.lab.example', false],
  ['workstation-with-one', 'workstation-with-two.lab.example', false],
])('%s and %s: one computer: %s', (a, b, isSame) => {
  expect(isSameComputer(named(a), named(b))).toBe(isSame);
  expect(isSameComputer(named(b), named(a))).toBe(isSame);
});

it.each([
  ['WS1', 'ws1.lab.example', 'ws1.lab.example'],
  ['ws1.lab.example', 'WS1', 'ws1.lab.example'],
  ['ws1.local', 'ws1.lab.example', 'ws1.lab.example'],
  ['ws1.lab.example', 'ws1.local', 'ws1.lab.example'],
])('%s and %s together are %s', (a, b, both) => {
  expect(printed(merged(named(a), named(b)))).toBe(both);
});

it('joins a NetBIOS and a DNS name', () => {
  expect(computerNameOf('OLDNAME', 'ws1.lab.example')).toEqual({ netbios: 'OLDNAME', dns: 'ws1.lab.example' });
  expect(computerNameOf('', 'ws1.lab.example')).toEqual({ netbios: 'WS1', dns: 'ws1.lab.example' });
  expect(computerNameOf('WS1', '')).toEqual({ netbios: 'WS1', dns: '' });
  expect(computerNameOf('', '10.0.0.1')).toBeNull();
});

it('knows domains', () => {
  expect(['lab.example.', 'LAB', 'Lab', 'LAB.EXAMPLE', 'local'].map(domainName)).toEqual([
    'lab.example',
    'LAB',
    'LAB',
    'lab.example',
    '',
  ]);
  expect(isDomainOf(named('lab.example'), named('dc1.lab.example'))).toBe(true);
  expect(isDomainOf(named('lab.example'), named('dc1.mylab.example'))).toBe(false);
});
