// What other packets told is spliced in: by ticket, by session, by claim; and what must not be spliced in.
import { describe, expect, it } from 'vitest';
import { Computers, shortName } from '../../../src/entity/computers.ts';
import { Generations } from '../../../src/entity/generations.ts';
import { fixture } from '../../support/fixtures.ts';
import { runFiles } from '../../support/in-process.ts';

const claim = (name: string, method: string, seconds = 0) => ({
  order: 1,
  frame: 1,
  seconds,
  nanoseconds: 0,
  address: 42,
  ip: '10.0.0.42',
  name,
  domain: '',
  os: '',
  mac: '',
  method,
});

describe('Computers', () => {
  it('takes names that agree in their first 15 characters for one computer, and keeps the fuller one', () => {
    expect(shortName('workstation-with-a-long-name.lab.example')).toBe('WORKSTATION-WIT');
    const computers = new Computers();
    expect(computers.claim(claim('WS1', 'ntlm-workstation'))?.previous).toBe('');
    expect(computers.claim(claim('ws1', 'ntlm-workstation'))).toBeUndefined();
    expect(computers.claim(claim('ws1.lab.example', 'dns-a'))).toMatchObject({ previous: 'WS1' });
    expect(computers.of(42)?.name).toBe('ws1.lab.example');
  });

  it('lets the stronger claim stand against a weaker one, until it is old', () => {
    const computers = new Computers();
    computers.claim(claim('ws1', 'kerberos-machine-account', 100));
    expect(computers.claim(claim('other', 'dns-a', 200))).toBeUndefined();
    expect(computers.claim(claim('other', 'dns-a', 100 + 3600))).toMatchObject({ previous: 'ws1' });
    expect(computers.claim(claim('third', 'ntlm-challenge', 5000))).toMatchObject({ previous: 'other' });
  });

  it('believes no address for a name', () => {
    expect(new Computers().claim(claim('10.0.0.9', 'ntlm-workstation'))).toBeUndefined();
  });
});

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

  it('does not let a session answer for a ticket that nobody issued (golden tickets)', async () => {
    const { lines } = await runFiles(fixture('lab/attack-pth-ptt.pcap'));
    const refused = lines.filter((line) => line['type'] === 'kerberos.tgs' && line['reason'] === 'KDC_ERR_TGT_REVOKED');
    expect(refused.length).toBeGreaterThan(0);
    for (const line of refused) expect(line['account']).toBeNull();
  });
});
