// The names of statuses, errors and types against those of tshark (fixtures/values.oracle.json), number by number: a reason under
// a wrong number would be believed. What tshark does not know or names otherwise stands below, by its document.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rejectReason, securityFault } from '../../src/protocols/dcerpc/names.ts';
import { rcodeName, typeName } from '../../src/protocols/dns/names.ts';
import { ERROR_NAMES, ETYPE_NAMES, errorName, PADATA_NAMES, padataName } from '../../src/protocols/kerberos/names.ts';
import { resultName } from '../../src/protocols/ldap/names.ts';
import { dosErrorName, statusName } from '../../src/protocols/smb/names.ts';
import { fixture } from '../support/fixtures.ts';

type Names = Readonly<Record<string, string>>;
const oracle = JSON.parse(readFileSync(fixture('values.oracle.json'), 'utf8')) as Readonly<Record<string, Names>>;

/** Each number that may have a name, ours, and whether it is but the number. */
interface Table {
  readonly field: string;
  readonly numbers: readonly number[];
  readonly name: (number: number) => string;
  readonly isNumber: (name: string) => boolean;
  /** Of tshark's spelling. */
  readonly spelt?: (name: string) => string;
  /** Right where tshark has another name or none. */
  readonly known: Names;
  /** What the documents number has a name. */
  readonly complete?: readonly number[];
}

const upTo = (count: number, from = 0): readonly number[] => Array.from({ length: count }, (_, index) => from + index);
/** tshark builds its names for Kerberos from ASN.1: eRR-C-OLD-MAST-KVNO, pA-TGS-REQ, eTYPE-DES-CBC-CRC. */
const bare = (name: string): string =>
  name
    .toUpperCase()
    .replaceAll('_', '-')
    .replace(/^((KDC|KRB|KRB-AP)-)?(ERR|ERROR|PATH)-/, (prefix) => (prefix.endsWith('PATH-') ? 'PATH-' : ''));

const TABLES: readonly Table[] = [
  {
    // MS-ERREF 2.3.1.
    field: 'smb.nt_status',
    numbers: upTo(0x1_0000, 0xc000_0000),
    name: statusName,
    isNumber: (name) => name.startsWith('0x'),
    known: {
      [0xc000_02f2]: 'STATUS_WRONG_CREDENTIAL_HANDLE',
      [0xc000_02fa]: 'STATUS_SMARTCARD_LOGON_REQUIRED',
      [0xc000_0320]: 'STATUS_PKINIT_FAILURE',
      [0xc000_0380]: 'STATUS_SMARTCARD_WRONG_PIN',
      [0xc000_0388]: 'STATUS_DOWNGRADE_DETECTED',
      [0xc000_040b]: 'STATUS_CROSSREALM_DELEGATION_FAILURE',
      [0xc000_040e]: 'STATUS_KDC_CERT_EXPIRED',
      [0xc000_040f]: 'STATUS_KDC_CERT_REVOKED',
      [0xc000_0413]: 'STATUS_AUTHENTICATION_FIREWALL_FAILED',
      [0xc000_0418]: 'STATUS_NTLM_BLOCKED',
      [0xc000_0466]: 'STATUS_SERVER_UNAVAILABLE',
      [0xc000_a000]: 'STATUS_INVALID_SIGNATURE',
    },
  },
  {
    // RFC 4120 7.5.9; RFC 4556 3.1.3; RFC 6113 7.5, 8636 10; IAKERB (draft-ietf-kitten-iakerb).
    field: 'kerberos.error_code',
    numbers: upTo(256),
    name: (code) => (code in ERROR_NAMES ? errorName(code) : ''),
    isNumber: (name) => name === '',
    spelt: bare,
    known: {
      23: 'KDC_ERR_KEY_EXPIRED',
      77: 'KDC_ERR_INCONSISTENT_KEY_PURPOSE',
      78: 'KDC_ERR_DIGEST_IN_CERT_NOT_ACCEPTED',
      79: 'KDC_ERR_PA_CHECKSUM_MUST_BE_INCLUDED',
      80: 'KDC_ERR_DIGEST_IN_SIGNED_DATA_NOT_ACCEPTED',
      81: 'KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED',
      85: 'KRB_AP_ERR_IAKERB_KDC_NOT_FOUND',
      86: 'KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE',
      90: 'KDC_ERR_PREAUTH_EXPIRED',
      91: 'KDC_ERR_MORE_PREAUTH_DATA_REQUIRED',
      92: 'KDC_ERR_PREAUTH_BAD_AUTHENTICATION_SET',
      93: 'KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS',
      100: 'KDC_ERR_NO_ACCEPTABLE_KDF',
    },
    complete: [...upTo(30), ...upTo(12, 31), ...upTo(9, 44), ...upTo(22, 60)],
  },
  {
    // IANA kerberos-parameters; MS-KILE 2.2.
    field: 'kerberos.padata_type',
    numbers: upTo(256),
    name: (type) => (type in PADATA_NAMES ? padataName(type) : ''),
    isNumber: (name) => name === '',
    spelt: bare,
    known: {
      14: 'PA-PK-AS-REQ-OLD',
      15: 'PA-PK-AS-REP-OLD',
      20: 'PA-SVR-REFERRAL-INFO',
      132: 'PA-AS-CHECKSUM',
      161: 'KERB-KEY-LIST-REQ',
      162: 'KERB-KEY-LIST-REP',
      165: 'PA-SUPPORTED-ENCTYPES',
      170: 'KERB-SUPERSEDED-BY-USER',
    },
  },
  {
    // IANA kerberos-parameters.
    field: 'kerberos.etype',
    numbers: upTo(256),
    name: (type) => ETYPE_NAMES[type] ?? '',
    isNumber: (name) => name === '',
    spelt: (name) => bare(name).replace(/^ETYPE-/, ''),
    known: { 16: 'des3-cbc-sha1-kd', 23: 'rc4-hmac', 24: 'rc4-hmac-exp' },
  },
  {
    // RFC 4511 4.1.9.
    field: 'ldap.resultCode',
    numbers: upTo(256),
    name: resultName,
    isNumber: (name) => /^result\d/.test(name),
    known: { 8: 'strongerAuthRequired' },
    complete: [...upTo(9), ...upTo(5, 10), ...upTo(6, 16), ...upTo(3, 32), 36, ...upTo(7, 48), ...upTo(6, 64), 71, 80],
  },
  {
    // IANA dns-parameters, MS-DNSP 2.2.2.1.1.
    field: 'dns.qry.type',
    numbers: upTo(0x1_0000),
    name: typeName,
    isNumber: (name) => /^TYPE\d/.test(name),
    known: { 255: 'ANY', 65282: 'WINSR' },
  },
  {
    // MS-ERREF 2.2, MS-RPCE 3.3.3.5.4; tshark has the names of C706 appendix E.
    field: 'dcerpc.cn_status',
    numbers: [...upTo(0x1000), ...upTo(0x100, 0x1c00_0000), ...upTo(0x100, 0x1c01_0000)],
    name: securityFault,
    isNumber: (name) => name === '',
    known: {
      [0x06d3]: 'RPC_S_UNKNOWN_AUTHN_SERVICE',
      [0x06d5]: 'RPC_S_INVALID_AUTH_IDENTITY',
      [0x0721]: 'RPC_S_SEC_PKG_ERROR',
      [0x1c00_001d]: 'nca_s_unsupported_authn_level',
      [0x1c00_001f]: 'nca_s_invalid_checksum',
    },
  },
  {
    field: 'dcerpc.cn_reject_reason',
    numbers: upTo(256),
    name: (reason) => rejectReason(reason).replace(/^bind_nak /, ''),
    isNumber: (name) => /^\d+$/.test(name),
    spelt: (name) => name.toLowerCase().replaceAll(' ', '_'),
    known: {},
    complete: upTo(10),
  },
];

describe.each(TABLES)('$field', ({ field, numbers, name, isNumber, spelt = (text) => text, known, complete = [] }) => {
  it('has the name that the number has', () => {
    const named = numbers.filter((number) => !isNumber(name(number)));
    expect(named.length).toBeGreaterThan(6);
    const expected = (number: number): string => known[number] ?? oracle[field]?.[number] ?? 'none';
    for (const number of named) expect([number, spelt(name(number))]).toEqual([number, spelt(expected(number))]);
    expect([...Object.keys(known).map(Number), ...complete].filter((number) => !named.includes(number))).toEqual([]);
  });
});

it('names the RCODEs of IANA dns-parameters', () => {
  const names = ['NoError', 'FormErr', 'ServFail', 'NXDomain', 'NotImp', 'Refused', 'YXDomain', 'YXRRSet', 'NXRRSet', 'NotAuth'];
  const more = ['BADVERS', 'BADKEY', 'BADTIME', 'BADMODE', 'BADNAME', 'BADALG', 'BADTRUNC', 'BADCOOKIE'];
  const all = [...names, 'NotZone', 'DSOTYPENI', 'RCODE12', 'RCODE13', 'RCODE14', 'RCODE15', ...more, 'RCODE24'];
  expect(all.map((_, rcode) => rcodeName(rcode))).toEqual(all.map((name) => name.toUpperCase()));
});

it('names the error classes and codes of MS-CIFS 2.2.2.4', () => {
  const said = [
    [1, 5],
    [1, 50],
    [1, 87],
    [2, 1],
    [2, 2],
    [2, 4],
    [2, 90],
    [2, 91],
    [2, 0x08bf],
    [2, 0x08c0],
    [2, 0x08c1],
    [2, 0x08c2],
    [1, 2],
    [3, 19],
    [255, 0],
    [9, 1],
  ].map(([errorClass, code]) => dosErrorName(errorClass!, code!));
  expect(said).toEqual([
    'ERRDOS/ERRnoaccess',
    'ERRDOS/ERRunsup',
    'ERRDOS/ERRinvalidparam',
    'ERRSRV/ERRerror',
    'ERRSRV/ERRbadpw',
    'ERRSRV/ERRaccess',
    'ERRSRV/ERRtoomanyuids',
    'ERRSRV/ERRbaduid',
    'ERRSRV/ERRaccountExpired',
    'ERRSRV/ERRbadClient',
    'ERRSRV/ERRbadLogonTime',
    'ERRSRV/ERRpasswordExpired',
    'ERRDOS/2',
    'ERRHRD/19',
    'ERRCMD/0',
    '9/1',
  ]);
});
