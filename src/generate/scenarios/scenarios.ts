// What each scenario does.
import type { Life } from '../life.ts';
import type { Script } from '../step.ts';
import { dnsLookup, dnsUpdateScenario, localNames, shortLookup, zoneTransfer } from './dns.ts';
import {
  accountEnumeration,
  asRepRoasting,
  datagramLogon,
  kerberoasting,
  passwordSpray,
  serviceTicket,
  userLogon,
} from './kerberos.ts';
import { application, directoryReconnaissance, ldaps, ntlmBind, pingScenario, sealedScenario } from './ldap.ts';
import type { ScenarioName } from './names.ts';
import { bruteForce, computerStart, dcSync, enumeration, fileAccess, groupPolicy, ntlmFileAccess } from './smb.ts';
import { webBrowsing } from './web.ts';

export const scenarios: Readonly<Record<ScenarioName, (life: Life) => Script>> = {
  userLogon,
  computerStart,
  groupPolicy,
  serviceTicket,
  fileAccess,
  ntlmFileAccess,
  ldapSealed: sealedScenario,
  ldapApplication: application,
  ldapNtlm: ntlmBind,
  ldaps,
  netlogonPing: pingScenario,
  dnsLookup,
  dnsUpdate: dnsUpdateScenario,
  localNames,
  webBrowsing,
  shortLookup,
  datagramLogon,
  passwordSpray,
  bruteForce,
  accountEnumeration,
  asRepRoasting,
  kerberoasting,
  directoryReconnaissance,
  enumeration,
  zoneTransfer,
  dcSync,
};
