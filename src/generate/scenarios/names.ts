// Scenarios by the names that profiles use; scenarios.ts says what they do. Apart from it, so that a profile can be read by what
// knows nothing of packets.

/** What each scenario stands for. */
export const scenarioHelp = {
  userLogon: 'A user logs on: AS exchanges with the mistakes that the profile asks for, then two tickets.',
  computerStart: 'A computer starts: finds a domain controller, logs on, reads its policies, registers its address.',
  groupPolicy: 'A computer refreshes its policies: SRV, netlogon ping, sealed LDAP, SYSVOL.',
  serviceTicket: 'A user gets a ticket of a service; a few are for services that there are not.',
  fileAccess: 'A user reads files from a server, with Kerberos.',
  ntlmFileAccess: 'The same with NTLM, with mistakes.',
  ldapSealed: 'A user or a computer binds with a ticket and talks sealed.',
  ldapApplication: 'An application binds with a password in clear and searches, sometimes by pages.',
  ldapNtlm: 'A SASL bind with NTLM.',
  ldaps: 'LDAP over TLS.',
  netlogonPing: 'A netlogon ping by CLDAP.',
  dnsLookup: 'A, AAAA, SRV and PTR look-ups, some in vain.',
  dnsUpdate: 'A dynamic update, some refused.',
  localNames: 'LLMNR, multicast DNS and SSDP questions.',
  webBrowsing: 'TLS to the outside: background.',
  shortLookup: 'One DNS question by UDP: two small packets, one activity.',
  datagramLogon: 'One AS exchange by UDP: two packets, one activity.',
  passwordSpray: 'Attack: one password for 25 accounts.',
  bruteForce: 'Attack: eight passwords for one account by NTLM, until it is locked.',
  accountEnumeration: 'Attack: 40 guessed account names.',
  asRepRoasting: 'Attack: tickets of accounts without pre-authentication, with RC4.',
  kerberoasting: 'Attack: RC4 tickets of services that run under user accounts.',
  directoryReconnaissance: 'Attack: paged LDAP searches for users, services and delegations.',
  enumeration: 'Attack: NetSessionEnum and SAMR through named pipes.',
  zoneTransfer: 'Attack: a zone transfer, refused.',
  dcSync: 'Attack: replication of secrets, sealed.',
} as const;

export type ScenarioName = keyof typeof scenarioHelp;
export const scenarioNames = Object.keys(scenarioHelp) as readonly ScenarioName[];
