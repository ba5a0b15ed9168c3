// Numbers and names of LDAP (RFC 4511), and what Active Directory adds (MS-ADTS).

/** protocolOp tags: the APPLICATION numbers (RFC 4511 4.2 to 4.13). */
export const BIND_REQUEST = 0;
export const BIND_RESPONSE = 1;
export const UNBIND_REQUEST = 2;
export const SEARCH_REQUEST = 3;
export const SEARCH_RES_ENTRY = 4;
export const SEARCH_RES_DONE = 5;
export const MODIFY_REQUEST = 6;
export const MODIFY_RESPONSE = 7;
export const ADD_REQUEST = 8;
export const ADD_RESPONSE = 9;
export const DEL_REQUEST = 10;
export const DEL_RESPONSE = 11;
export const MOD_DN_REQUEST = 12;
export const MOD_DN_RESPONSE = 13;
export const COMPARE_REQUEST = 14;
export const COMPARE_RESPONSE = 15;
export const ABANDON_REQUEST = 16;
export const SEARCH_RES_REF = 19;
export const EXTENDED_REQUEST = 23;
export const EXTENDED_RESPONSE = 24;
export const INTERMEDIATE_RESPONSE = 25;

export const OP_NAMES: Readonly<Record<number, string>> = {
  [BIND_REQUEST]: 'bindRequest',
  [BIND_RESPONSE]: 'bindResponse',
  [UNBIND_REQUEST]: 'unbindRequest',
  [SEARCH_REQUEST]: 'searchRequest',
  [SEARCH_RES_ENTRY]: 'searchResEntry',
  [SEARCH_RES_DONE]: 'searchResDone',
  [MODIFY_REQUEST]: 'modifyRequest',
  [MODIFY_RESPONSE]: 'modifyResponse',
  [ADD_REQUEST]: 'addRequest',
  [ADD_RESPONSE]: 'addResponse',
  [DEL_REQUEST]: 'delRequest',
  [DEL_RESPONSE]: 'delResponse',
  [MOD_DN_REQUEST]: 'modDNRequest',
  [MOD_DN_RESPONSE]: 'modDNResponse',
  [COMPARE_REQUEST]: 'compareRequest',
  [COMPARE_RESPONSE]: 'compareResponse',
  [ABANDON_REQUEST]: 'abandonRequest',
  [SEARCH_RES_REF]: 'searchResRef',
  [EXTENDED_REQUEST]: 'extendedReq',
  [EXTENDED_RESPONSE]: 'extendedResp',
  [INTERMEDIATE_RESPONSE]: 'intermediateResponse',
};

/** Result codes (RFC 4511 4.1.9). */
export const SUCCESS = 0;
export const COMPARE_FALSE = 5;
export const COMPARE_TRUE = 6;
export const REFERRAL = 10;
export const SASL_BIND_IN_PROGRESS = 14;
const RESULT_NAMES: Readonly<Record<number, string>> = {
  0: 'success',
  1: 'operationsError',
  2: 'protocolError',
  3: 'timeLimitExceeded',
  4: 'sizeLimitExceeded',
  5: 'compareFalse',
  6: 'compareTrue',
  7: 'authMethodNotSupported',
  8: 'strongerAuthRequired',
  10: 'referral',
  11: 'adminLimitExceeded',
  12: 'unavailableCriticalExtension',
  13: 'confidentialityRequired',
  14: 'saslBindInProgress',
  16: 'noSuchAttribute',
  17: 'undefinedAttributeType',
  18: 'inappropriateMatching',
  19: 'constraintViolation',
  20: 'attributeOrValueExists',
  21: 'invalidAttributeSyntax',
  32: 'noSuchObject',
  33: 'aliasProblem',
  34: 'invalidDNSyntax',
  36: 'aliasDereferencingProblem',
  48: 'inappropriateAuthentication',
  49: 'invalidCredentials',
  50: 'insufficientAccessRights',
  51: 'busy',
  52: 'unavailable',
  53: 'unwillingToPerform',
  54: 'loopDetect',
  64: 'namingViolation',
  65: 'objectClassViolation',
  66: 'notAllowedOnNonLeaf',
  67: 'notAllowedOnRDN',
  68: 'entryAlreadyExists',
  69: 'objectClassModsProhibited',
  71: 'affectsMultipleDSAs',
  80: 'other',
};
export const resultName = (code: number): string => RESULT_NAMES[code] ?? `result${code}`;

/** Win32 errors behind Active Directory's `data` codes of failed binds (MS-ERREF 2.2). */
export const DATA_CODES: Readonly<Record<string, string>> = {
  '525': 'user not found',
  '52e': 'wrong password',
  '52f': 'account restriction',
  '530': 'logon hours',
  '531': 'workstation not permitted',
  '532': 'password expired',
  '533': 'account disabled',
  '568': 'too many context ids',
  '701': 'account expired',
  '773': 'password must change',
  '775': 'account locked',
};

/** Controls and extended operations by OID (RFCs, MS-ADTS 3.1.1.3.4.1 and .2). */
const OID_NAMES: Readonly<Record<string, string>> = {
  '1.2.840.113556.1.4.319': 'pagedResults',
  '1.2.840.113556.1.4.417': 'showDeleted',
  '1.2.840.113556.1.4.473': 'sortRequest',
  '1.2.840.113556.1.4.474': 'sortResponse',
  '1.2.840.113556.1.4.528': 'notification',
  '1.2.840.113556.1.4.529': 'extendedDn',
  '1.2.840.113556.1.4.801': 'sdFlags',
  '1.2.840.113556.1.4.805': 'treeDelete',
  '1.2.840.113556.1.4.841': 'dirSync',
  '1.2.840.113556.1.4.1339': 'domainScope',
  '1.2.840.113556.1.4.1340': 'searchOptions',
  '1.2.840.113556.1.4.1413': 'permissiveModify',
  '1.2.840.113556.1.4.2064': 'showRecycled',
  '1.2.840.113556.1.4.2065': 'showDeactivatedLink',
  '2.16.840.1.113730.3.4.2': 'manageDsaIt',
  '2.16.840.1.113730.3.4.9': 'virtualListView',
  '1.3.6.1.4.1.1466.20037': 'startTls',
  '1.3.6.1.4.1.1466.101.119.1': 'dynamicRefresh',
  '1.3.6.1.4.1.4203.1.11.1': 'passwordModify',
  '1.3.6.1.4.1.4203.1.11.3': 'whoAmI',
  '1.2.840.113556.1.4.1781': 'fastBind',
};
export const START_TLS = '1.3.6.1.4.1.1466.20037';
/** Name of an OID, or the OID. */
export const oidName = (oid: string): string => OID_NAMES[oid] ?? oid;

export const SCOPE_NAMES: readonly string[] = ['baseObject', 'singleLevel', 'wholeSubtree'];
export const MODIFY_NAMES: readonly string[] = ['add', 'delete', 'replace', 'increment'];
