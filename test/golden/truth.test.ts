// The lab's ground truth: what was done, by whom, and how it ended, against what was seen of it. The expectations are those of
// the lab's own scenario files, not of our output.
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { captures, fixture } from '../support/fixtures.ts';
import { runFiles } from '../support/in-process.ts';

/** Activity protocols that may show an action of a ground-truth protocol. */
const SHOWN_BY: Readonly<Record<string, readonly string[]>> = {
  kerberos: ['kerberos'],
  kpasswd: ['kerberos'],
  ldap: ['ldap', 'ntlm', 'kerberos', 'cldap'],
  cldap: ['cldap', 'ldap'],
  dns: ['dns', 'mdns', 'llmnr'],
  smb: ['ntlm', 'kerberos', 'smb'],
};

interface Action {
  readonly kind: string;
  readonly proto: string;
  readonly t: number;
  readonly t_end: number;
  readonly client_ip: string;
  readonly account?: string;
  readonly expect: string;
  readonly as_expected: boolean;
}

const bare = (account: string): string =>
  (account.toLowerCase().split('\\').pop() ?? '')
    .split('@')[0]
    ?.replace(/^cn=([^,]*).*$/, '$1')
    .replace(/\$$/, '') ?? '';
const OUTCOME = /(KDC_ERR_\w+|KRB_AP_ERR_\w+|STATUS_\w+|NXDOMAIN|REFUSED|[a-zA-Z]+(?=\(\d+\)))/g;

it('sees at least 97% of what was done, attributes and judges 95% of it', async () => {
  const sum = { actions: 0, seen: 0, accounts: 0, attributed: 0, outcomes: 0, judged: 0 };
  for (const name of captures) {
    const truth = fixture(name).replace(/\.pcap$/, '.truth.ndjson');
    if (!existsSync(truth)) continue;
    const actions = readFileSync(truth, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Action);
    const { lines } = await runFiles(fixture(name));
    for (const action of actions) {
      const protocols = SHOWN_BY[action.proto];
      if (action.kind !== 'action' || !action.as_expected || protocols === undefined) continue;
      sum.actions++;
      const near = lines.filter((line) => {
        const at = Date.parse(String(line['time'])) / 1000;
        const source = line['source'] as { ip: string };
        const isNear = at >= action.t - 0.1 && at <= action.t_end + 0.5;
        return isNear && source.ip === action.client_ip && protocols.includes(String(line['protocol']));
      });
      if (near.length === 0) continue;
      sum.seen++;
      let fitting = near;
      if (action.account !== undefined && !action.account.startsWith('(')) {
        sum.accounts++;
        const wanted = bare(action.account);
        fitting = near.filter((line) => bare((line['account'] as { name: string } | null)?.name ?? '') === wanted);
        if (fitting.length === 0) continue;
        sum.attributed++;
      }
      const names = [...action.expect.matchAll(OUTCOME)].map((one) => (one[1] ?? '').replace(/^NT_/, '').toLowerCase());
      if (action.expect !== 'ok' && names.length === 0) continue;
      sum.outcomes++;
      const isRight =
        action.expect === 'ok'
          ? fitting.some((line) => line['outcome'] === 'success')
          : fitting.some((line) =>
              names.some((one) =>
                String(line['reason'] ?? '')
                  .toLowerCase()
                  .includes(one),
              ),
            );
      if (isRight) sum.judged++;
    }
  }
  expect(sum.actions).toBeGreaterThan(150);
  expect(sum.seen / sum.actions).toBeGreaterThanOrEqual(0.97);
  expect(sum.attributed / sum.accounts).toBeGreaterThanOrEqual(0.95);
  expect(sum.judged / sum.outcomes).toBeGreaterThanOrEqual(0.95);
});
