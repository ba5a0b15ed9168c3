// What the captures say, kept beside them. These guard against change; that it is right is proven by the oracles and the
// ground truth. `npm run goldens` writes them anew; a person reads the difference.
import { describe, expect, it } from 'vitest';
import { fixture } from '../support/fixtures.ts';
import { runFiles } from '../support/in-process.ts';

const KEPT = [
  'handmade/dhcp.pcap',
  'handmade/http-ntlm.pcap',
  'handmade/mail-ntlm.pcap',
  'handmade/multicast-names.pcap',
  'lab/cldap-ping.pcap',
  'lab/dns-axfr.pcap',
  'lab/dns-update.pcap',
  'lab/kerberos-logon-fail.pcap',
  'lab/kerberos-options.pcap',
  'lab/ldap-sasl.pcap',
  'lab/ldap-simple-bind.pcap',
  'lab/ldap-tls.pcap',
  'lab/ldap-write.pcap',
  'lab/netbios.pcap',
  'lab/nnr-probes.pcap',
  'lab/password-change.pcap',
  'lab/smb-kerberos.pcap',
  'lab/smb-ntlm-fail.pcap',
];

describe.each(KEPT)('%s', (name) => {
  it('says the same activities and entities as before', async () => {
    const { text } = await runFiles(fixture(name), { emit: ['activities', 'entities'], shards: 2 });
    await expect(text).toMatchFileSnapshot(`${fixture(name)}.activities.ndjson`);
  });
});
