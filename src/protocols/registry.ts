// The only list of protocols. A line here is all that a new one needs: dispatch, default filter, metric labels, limits,
// JSON Schema, docs and the contract tests follow from it.
import type { Protocol } from './contract.ts';
import { dcerpc } from './dcerpc/index.ts';
import { dhcp } from './dhcp/index.ts';
import { dns, llmnr, mdns } from './dns/index.ts';
import { gss } from './gss/index.ts';
import { http } from './http/index.ts';
import { kerberos } from './kerberos/index.ts';
import { cldap, ldap } from './ldap/index.ts';
import { mail } from './mail/index.ts';
import { nbdgm } from './nbdgm/index.ts';
import { nbns } from './nbns/index.ts';
import { ntlm } from './ntlm/index.ts';
import { rdp } from './rdp/index.ts';
import { smb } from './smb/index.ts';
import { tls } from './tls/index.ts';

export const protocols: readonly Protocol[] = [
  kerberos,
  ntlm,
  ldap,
  cldap,
  dns,
  mdns,
  llmnr,
  smb,
  dcerpc,
  http,
  mail,
  gss,
  tls,
  nbns,
  nbdgm,
  dhcp,
  rdp,
];
