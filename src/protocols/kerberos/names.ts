// Numbers and names of Kerberos: IANA kerberos-parameters, RFC 4120, 4556, 6113, 6806, MS-KILE, MS-SFU.

/** Message types (RFC 4120 5.10), which are also the APPLICATION tags. */
export const AS_REQ = 10;
export const AS_REP = 11;
export const TGS_REQ = 12;
export const TGS_REP = 13;
export const AP_REQ = 14;
export const AP_REP = 15;
export const KRB_SAFE = 20;
export const KRB_PRIV = 21;
export const KRB_CRED = 22;
export const KRB_ERROR = 30;

export const MESSAGE_NAMES: Readonly<Record<number, string>> = {
  [AS_REQ]: 'AS-REQ',
  [AS_REP]: 'AS-REP',
  [TGS_REQ]: 'TGS-REQ',
  [TGS_REP]: 'TGS-REP',
  [AP_REQ]: 'AP-REQ',
  [AP_REP]: 'AP-REP',
  [KRB_SAFE]: 'KRB-SAFE',
  [KRB_PRIV]: 'KRB-PRIV',
  [KRB_CRED]: 'KRB-CRED',
  [KRB_ERROR]: 'KRB-ERROR',
};

/** padata types that this room looks into (RFC 4120 7.5.2, IANA pre-authentication-data-types). */
export const PA_TGS_REQ = 1;
export const PA_ENC_TIMESTAMP = 2;
export const PA_ETYPE_INFO = 11;
export const PA_PK_AS_REQ = 16;
export const PA_PK_AS_REP = 17;
export const PA_ETYPE_INFO2 = 19;
export const PA_PAC_REQUEST = 128;
export const PA_FOR_USER = 129;
export const PA_FOR_X509_USER = 130;
export const PA_FX_FAST = 136;
export const PA_ENCRYPTED_CHALLENGE = 138;
export const PA_PAC_OPTIONS = 167;

export const PADATA_NAMES: Readonly<Record<number, string>> = {
  1: 'PA-TGS-REQ',
  2: 'PA-ENC-TIMESTAMP',
  3: 'PA-PW-SALT',
  11: 'PA-ETYPE-INFO',
  14: 'PA-PK-AS-REQ-OLD',
  15: 'PA-PK-AS-REP-OLD',
  16: 'PA-PK-AS-REQ',
  17: 'PA-PK-AS-REP',
  19: 'PA-ETYPE-INFO2',
  20: 'PA-SVR-REFERRAL-INFO',
  128: 'PA-PAC-REQUEST',
  129: 'PA-FOR-USER',
  130: 'PA-FOR-X509-USER',
  132: 'PA-AS-CHECKSUM',
  133: 'PA-FX-COOKIE',
  134: 'PA-AUTHENTICATION-SET',
  136: 'PA-FX-FAST',
  137: 'PA-FX-ERROR',
  138: 'PA-ENCRYPTED-CHALLENGE',
  147: 'PA-PKINIT-KX',
  149: 'PA-REQ-ENC-PA-REP',
  150: 'PA-AS-FRESHNESS',
  151: 'PA-SPAKE',
  161: 'KERB-KEY-LIST-REQ',
  162: 'KERB-KEY-LIST-REP',
  165: 'PA-SUPPORTED-ENCTYPES',
  166: 'PA-EXTENDED-ERROR',
  167: 'PA-PAC-OPTIONS',
  170: 'KERB-SUPERSEDED-BY-USER',
};

/** Encryption types (IANA kerberos-parameters). */
export const ETYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'des-cbc-crc',
  3: 'des-cbc-md5',
  16: 'des3-cbc-sha1-kd',
  17: 'aes128-cts-hmac-sha1-96',
  18: 'aes256-cts-hmac-sha1-96',
  19: 'aes128-cts-hmac-sha256-128',
  20: 'aes256-cts-hmac-sha384-192',
  23: 'rc4-hmac',
  24: 'rc4-hmac-exp',
  25: 'camellia128-cts-cmac',
  26: 'camellia256-cts-cmac',
};

/** KDCOptions (RFC 4120 5.4.1; bit 14 MS-SFU 2.2.3, bit 15 RFC 6806, bit 16 RFC 8062), bit 0 being the highest. */
export const KDC_OPTION_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [1, 'forwardable'],
  [2, 'forwarded'],
  [3, 'proxiable'],
  [4, 'proxy'],
  [5, 'allow-postdate'],
  [6, 'postdated'],
  [8, 'renewable'],
  [11, 'opt-hardware-auth'],
  [14, 'cname-in-addl-tkt'],
  [15, 'canonicalize'],
  [16, 'request-anonymous'],
  [26, 'disable-transited-check'],
  [27, 'renewable-ok'],
  [28, 'enc-tkt-in-skey'],
  [30, 'renew'],
  [31, 'validate'],
];
export const OPTION_FORWARDED = 0x2000_0000;
export const OPTION_CNAME_IN_ADDL_TKT = 0x0002_0000;
export const OPTION_ENC_TKT_IN_SKEY = 0x8;
export const OPTION_RENEW = 0x2;

/** Address types (RFC 4120 7.5.3). */
export const ADDRESS_IPV4 = 2;
export const ADDRESS_IPV6 = 24;
export const ADDRESS_NETBIOS = 20;

/**
 * Errors that refuse nobody, because the client goes on from there: with pre-authentication (RFC 4120 3.1.1, RFC 6113 4.2), over
 * TCP (RFC 4120 7.2.1), or in another realm (RFC 6806 7).
 */
const STEPS: ReadonlySet<number> = new Set([25, 52, 68, 91]);
export const isStep = (code: number): boolean => STEPS.has(code);

/** Error codes (RFC 4120 7.5.9; 60s and up RFC 4556 and 4120 errata; 90s RFC 6113, 6806). */
export const ERROR_NAMES: Readonly<Record<number, string>> = {
  0: 'KDC_ERR_NONE',
  1: 'KDC_ERR_NAME_EXP',
  2: 'KDC_ERR_SERVICE_EXP',
  3: 'KDC_ERR_BAD_PVNO',
  4: 'KDC_ERR_C_OLD_MAST_KVNO',
  5: 'KDC_ERR_S_OLD_MAST_KVNO',
  6: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
  7: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
  8: 'KDC_ERR_PRINCIPAL_NOT_UNIQUE',
  9: 'KDC_ERR_NULL_KEY',
  10: 'KDC_ERR_CANNOT_POSTDATE',
  11: 'KDC_ERR_NEVER_VALID',
  12: 'KDC_ERR_POLICY',
  13: 'KDC_ERR_BADOPTION',
  14: 'KDC_ERR_ETYPE_NOSUPP',
  15: 'KDC_ERR_SUMTYPE_NOSUPP',
  16: 'KDC_ERR_PADATA_TYPE_NOSUPP',
  17: 'KDC_ERR_TRTYPE_NOSUPP',
  18: 'KDC_ERR_CLIENT_REVOKED',
  19: 'KDC_ERR_SERVICE_REVOKED',
  20: 'KDC_ERR_TGT_REVOKED',
  21: 'KDC_ERR_CLIENT_NOTYET',
  22: 'KDC_ERR_SERVICE_NOTYET',
  23: 'KDC_ERR_KEY_EXPIRED',
  24: 'KDC_ERR_PREAUTH_FAILED',
  25: 'KDC_ERR_PREAUTH_REQUIRED',
  26: 'KDC_ERR_SERVER_NOMATCH',
  27: 'KDC_ERR_MUST_USE_USER2USER',
  28: 'KDC_ERR_PATH_NOT_ACCEPTED',
  29: 'KDC_ERR_SVC_UNAVAILABLE',
  31: 'KRB_AP_ERR_BAD_INTEGRITY',
  32: 'KRB_AP_ERR_TKT_EXPIRED',
  33: 'KRB_AP_ERR_TKT_NYV',
  34: 'KRB_AP_ERR_REPEAT',
  35: 'KRB_AP_ERR_NOT_US',
  36: 'KRB_AP_ERR_BADMATCH',
  37: 'KRB_AP_ERR_SKEW',
  38: 'KRB_AP_ERR_BADADDR',
  39: 'KRB_AP_ERR_BADVERSION',
  40: 'KRB_AP_ERR_MSG_TYPE',
  41: 'KRB_AP_ERR_MODIFIED',
  42: 'KRB_AP_ERR_BADORDER',
  44: 'KRB_AP_ERR_BADKEYVER',
  45: 'KRB_AP_ERR_NOKEY',
  46: 'KRB_AP_ERR_MUT_FAIL',
  47: 'KRB_AP_ERR_BADDIRECTION',
  48: 'KRB_AP_ERR_METHOD',
  49: 'KRB_AP_ERR_BADSEQ',
  50: 'KRB_AP_ERR_INAPP_CKSUM',
  51: 'KRB_AP_PATH_NOT_ACCEPTED',
  52: 'KRB_ERR_RESPONSE_TOO_BIG',
  60: 'KRB_ERR_GENERIC',
  61: 'KRB_ERR_FIELD_TOOLONG',
  62: 'KDC_ERROR_CLIENT_NOT_TRUSTED',
  63: 'KDC_ERROR_KDC_NOT_TRUSTED',
  64: 'KDC_ERROR_INVALID_SIG',
  65: 'KDC_ERR_KEY_TOO_WEAK',
  66: 'KDC_ERR_CERTIFICATE_MISMATCH',
  67: 'KRB_AP_ERR_NO_TGT',
  68: 'KDC_ERR_WRONG_REALM',
  69: 'KRB_AP_ERR_USER_TO_USER_REQUIRED',
  70: 'KDC_ERR_CANT_VERIFY_CERTIFICATE',
  71: 'KDC_ERR_INVALID_CERTIFICATE',
  72: 'KDC_ERR_REVOKED_CERTIFICATE',
  73: 'KDC_ERR_REVOCATION_STATUS_UNKNOWN',
  74: 'KDC_ERR_REVOCATION_STATUS_UNAVAILABLE',
  75: 'KDC_ERR_CLIENT_NAME_MISMATCH',
  76: 'KDC_ERR_KDC_NAME_MISMATCH',
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
};

/** Name of an error code, or a name that holds the number. */
export const errorName = (code: number): string => ERROR_NAMES[code] ?? `KDC_ERR_${code}`;
/** Name of a padata type, or its number. */
export const padataName = (type: number): string => PADATA_NAMES[type] ?? String(type);
