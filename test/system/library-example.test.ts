// The example of docs/library.md, word for word (test/house/library-doc.test.ts compares them).
import { type ActivityLine, replay } from 'adtap';
import { expect, it } from 'vitest';

/** Addresses that asked for tickets of many accounts that need no pre-authentication or do not exist. */
function sprayers(activities: readonly ActivityLine[], atLeast: number): string[] {
  const failed = new Map<string, Set<string>>();
  for (const { type, reason, source, account } of activities) {
    if (type !== 'kerberos.as' || account === null) continue;
    if (reason !== 'KDC_ERR_PREAUTH_FAILED' && reason !== 'KDC_ERR_C_PRINCIPAL_UNKNOWN') continue;
    failed.set(source.ip, (failed.get(source.ip) ?? new Set()).add(account.name));
  }
  return [...failed].filter(([, accounts]) => accounts.size >= atLeast).map(([ip]) => ip);
}

it('finds who sprayed passwords, and nobody else', async () => {
  const activities = await replay('fixtures/lab/attack-spray.pcap').all();
  expect(sprayers(activities, 5)).toEqual(['10.77.0.66']);
});
