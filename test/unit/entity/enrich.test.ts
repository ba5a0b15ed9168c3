// What other packets told is spliced in: by ticket, by session, by claim; and what must not be spliced in.
import { describe, expect, it } from 'vitest';
import { Generations } from '../../../src/nnr/generations.ts';
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

  it('does not let a session answer for a ticket that nobody issued (golden tickets)', async () => {
    const { lines } = await runFiles(fixture('lab/attack-pth-ptt.pcap'));
    const refused = lines.filter((line) => line['type'] === 'kerberos.tgs' && line['reason'] === 'KDC_ERR_TGT_REVOKED');
    expect(refused.length).toBeGreaterThan(0);
    for (const line of refused) expect(line['account']).toBeNull();
  });
});
