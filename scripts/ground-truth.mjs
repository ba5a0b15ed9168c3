// What was done against what was seen of it: node scripts/ground-truth.mjs TRUTH.ndjson ACTIVITIES.ndjson [--all]
// TRUTH holds one action a line (kind "action": t, t_end in seconds since 1970, client_ip, proto, account, expect: "ok" or the
// failure as it is named on the wire, as_expected). Prints each miss (with --all each hit too) and the sums; ends with 1 when
// less than 95% was seen, attributed or judged.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Activity protocols that may show an action of a protocol. */
const SHOWN_BY = {
  kerberos: ['kerberos'],
  kpasswd: ['kerberos'],
  ldap: ['ldap', 'ntlm', 'kerberos', 'cldap'],
  cldap: ['cldap', 'ldap'],
  dns: ['dns', 'mdns', 'llmnr'],
  smb: ['ntlm', 'kerberos', 'smb'],
};
const OUTCOME = /(KDC_ERR_\w+|KRB_AP_ERR_\w+|STATUS_\w+|NXDOMAIN|REFUSED|[a-zA-Z]+(?=\(\d+\)))/g;
/** Clocks of clients and sensor, and answers that come late: seconds before and after an action. */
const BEFORE = 0.1;
const AFTER = 0.5;
const ENOUGH = 0.95;

/** A name without its domain, in the ways that accounts are written. */
const bare = (account) =>
  (account.toLowerCase().split('\\').pop() ?? '')
    .split('@')[0]
    .replace(/^cn=([^,]*).*$/, '$1')
    .replace(/\$$/, '');

/** Failures that an expectation names. */
const failures = (expect) => [...expect.matchAll(OUTCOME)].map((one) => one[1].replace(/^NT_/, '').toLowerCase());

/** One verdict an action that packets can show: seen, attributed and judged are true, false, or null where it does not apply. */
export function compareWithTruth(actions, lines) {
  const activities = lines.filter(({ kind }) => kind === 'activity');
  const verdicts = [];
  for (const action of actions) {
    const protocols = SHOWN_BY[action.proto];
    if (action.kind !== 'action' || !action.as_expected || protocols === undefined) continue;
    const near = activities.filter((line) => {
      const at = Date.parse(line.time) / 1000;
      const isNear = at >= action.t - BEFORE && at <= action.t_end + AFTER;
      return isNear && line.source.ip === action.client_ip && protocols.includes(line.protocol);
    });
    const verdict = { action, seen: near.length > 0, attributed: null, judged: null };
    verdicts.push(verdict);
    if (!verdict.seen) continue;
    let fitting = near;
    if ((action.account ?? '') !== '' && !action.account.startsWith('(')) {
      fitting = near.filter((line) => bare(line.account?.name ?? '') === bare(action.account));
      verdict.attributed = fitting.length > 0;
      if (!verdict.attributed) continue;
    }
    const names = failures(action.expect);
    if (action.expect === 'ok') verdict.judged = fitting.some(({ outcome }) => outcome === 'success');
    else if (names.length > 0)
      verdict.judged = fitting.some(({ reason }) => names.some((name) => (reason ?? '').toLowerCase().includes(name)));
  }
  return verdicts;
}

const share = (verdicts, key) => {
  const asked = verdicts.filter((verdict) => verdict[key] !== null);
  return { of: asked.length, yes: asked.filter((verdict) => verdict[key]).length };
};

/** Sums over verdicts. */
export const sumsOf = (verdicts) => ({
  seen: share(verdicts, 'seen'),
  attributed: share(verdicts, 'attributed'),
  judged: share(verdicts, 'judged'),
});

const read = (path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

function main(truth, activities, isAll) {
  const verdicts = compareWithTruth(read(truth), read(activities));
  const rows = [];
  for (const { action, seen, attributed, judged } of verdicts) {
    const miss = !seen ? 'not seen' : attributed === false ? 'account' : judged === false ? 'outcome' : '';
    if (miss === '' && !isAll) continue;
    const { scenario, seq, account = '-', expect } = action;
    rows.push(
      `${miss === '' ? 'hit ' : 'miss'}  ${miss.padEnd(8)}  ${scenario} ${seq}: ${action.action} (${account}; ${expect})\n`,
    );
  }
  process.stdout.write(rows.join(''));
  const sums = sumsOf(verdicts);
  for (const [name, { yes, of }] of Object.entries(sums)) {
    process.stdout.write(`${name.padEnd(10)} ${yes} of ${of}\n`);
    if (of === 0 || yes / of < ENOUGH) process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [truth, activities, flag] = process.argv.slice(2);
  if (activities === undefined || (flag !== undefined && flag !== '--all')) {
    process.stderr.write('usage: node scripts/ground-truth.mjs TRUTH.ndjson ACTIVITIES.ndjson [--all]\n');
    process.exitCode = 2;
  } else main(truth, activities, flag === '--all');
}
