// Numbers of connection-oriented DCE/RPC (C706 chapter 12, MS-RPCE 2.2) and the names of its refusals.

export const NAME = 'dcerpc';

/** PTYPE, C706 12.6.4 and MS-RPCE 2.2.2.5. */
export const REQUEST = 0;
export const RESPONSE = 2;
export const FAULT = 3;
export const BIND = 11;
export const BIND_ACK = 12;
export const BIND_NAK = 13;
export const ALTER_CONTEXT = 14;
export const ALTER_CONTEXT_RESP = 15;
export const AUTH3 = 16;
/** Request-to-send PDUs of RPC over HTTP (MS-RPCH 2.2.3.6). */
const RTS = 20;

/** Whether the number is a PTYPE of the connection-oriented protocol. */
export const isConnectionOriented = (ptype: number): boolean =>
  ptype === REQUEST || ptype === RESPONSE || ptype === FAULT || (ptype >= BIND && ptype <= RTS);

/** Security providers (MS-RPCE 2.2.1.1.7) whose verifiers hold GSS tokens that the house reads. */
const RPC_C_AUTHN_GSS_NEGOTIATE = 9;
const RPC_C_AUTHN_WINNT = 10;
const RPC_C_AUTHN_GSS_KERBEROS = 16;

/** Whether the verifiers of this provider hold NTLM, Kerberos or SPNEGO tokens. */
export const carriesTokens = (authType: number): boolean =>
  authType === RPC_C_AUTHN_GSS_NEGOTIATE || authType === RPC_C_AUTHN_WINNT || authType === RPC_C_AUTHN_GSS_KERBEROS;

/** What a call may answer, too. */
export const ACCESS_DENIED = 5;

/**
 * Fault status codes that mean a refused security context (C706 appendix E, MS-RPCE 3.3.3.5.4); others are the call's own. A
 * protocol error is how Samba answers the first call after an AUTH3 that it did not take.
 */
const SECURITY_FAULTS: ReadonlyMap<number, string> = new Map([
  [ACCESS_DENIED, 'nca_s_fault_access_denied'],
  [0x0000_06d3, 'RPC_S_UNKNOWN_AUTHN_SERVICE'],
  [0x0000_06d5, 'RPC_S_INVALID_AUTH_IDENTITY'],
  [0x0000_0721, 'RPC_S_SEC_PKG_ERROR'],
  [0x1c00_001d, 'nca_s_unsupported_authn_level'],
  [0x1c00_001f, 'nca_s_invalid_checksum'],
  [0x1c01_000b, 'nca_proto_error'],
]);

/** Name of a fault that refuses the security context; empty when the fault is about the call. */
export const securityFault = (status: number): string => SECURITY_FAULTS.get(status) ?? '';

/** provider_reject_reason of a bind_nak: C706 12.6.3.1, from 8 on MS-RPCE 2.2.2.5. */
const REJECT_REASONS = [
  'reason_not_specified',
  'temporary_congestion',
  'local_limit_exceeded',
  'called_paddr_unknown',
  'protocol_version_not_supported',
  'default_context_not_supported',
  'user_data_not_readable',
  'no_psap_available',
  'authentication_type_not_recognized',
  'invalid_checksum',
] as const;

export const rejectReason = (reason: number): string => `bind_nak ${REJECT_REASONS[reason] ?? reason}`;
