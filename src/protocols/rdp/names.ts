// Numbers of RDP's connection initiation (X.224 13, MS-RDPBCGR 2.2.1.1, 2.2.1.2).
export const TPKT_VERSION = 3;
export const CONNECTION_REQUEST = 0xe0;
export const CONNECTION_CONFIRM = 0xd0;

export const NEG_REQ = 1;
export const NEG_RSP = 2;
export const NEG_FAILURE = 3;

/** Bits of requestedProtocols; one of them in selectedProtocol. */
export const SSL = 1;
export const HYBRID = 2;
const RDSTLS = 4;
export const HYBRID_EX = 8;
const AAD = 16;
/** What is spoken behind TLS, or is it; 0 is RDP's own security. */
export const BEHIND_TLS = SSL | HYBRID | RDSTLS | HYBRID_EX | AAD;
export const SECURITY: readonly (readonly [number, string])[] = [
  [SSL, 'tls'],
  [HYBRID, 'credssp'],
  [RDSTLS, 'rdstls'],
  [HYBRID_EX, 'credssp-ex'],
  [AAD, 'aad'],
];

export const FAILURES: Readonly<Record<number, string>> = {
  1: 'SSL_REQUIRED_BY_SERVER',
  2: 'SSL_NOT_ALLOWED_BY_SERVER',
  3: 'SSL_CERT_NOT_ON_SERVER',
  4: 'INCONSISTENT_FLAGS',
  5: 'HYBRID_REQUIRED_BY_SERVER',
  6: 'SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER',
};
