// Numbers and names of NTLM (MS-NLMP 2.2).

export const NEGOTIATE = 1;
export const CHALLENGE = 2;
export const AUTHENTICATE = 3;
export const MESSAGE_NAMES: Readonly<Record<number, string>> = {
  [NEGOTIATE]: 'NEGOTIATE',
  [CHALLENGE]: 'CHALLENGE',
  [AUTHENTICATE]: 'AUTHENTICATE',
};

/** NegotiateFlags (2.2.2.5), highest bit first in the document: here by value. */
export const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [0x0000_0001, 'UNICODE'],
  [0x0000_0002, 'OEM'],
  [0x0000_0004, 'REQUEST_TARGET'],
  [0x0000_0010, 'SIGN'],
  [0x0000_0020, 'SEAL'],
  [0x0000_0040, 'DATAGRAM'],
  [0x0000_0080, 'LM_KEY'],
  [0x0000_0200, 'NTLM'],
  [0x0000_0800, 'ANONYMOUS'],
  [0x0000_1000, 'OEM_DOMAIN_SUPPLIED'],
  [0x0000_2000, 'OEM_WORKSTATION_SUPPLIED'],
  [0x0000_8000, 'ALWAYS_SIGN'],
  [0x0001_0000, 'TARGET_TYPE_DOMAIN'],
  [0x0002_0000, 'TARGET_TYPE_SERVER'],
  [0x0008_0000, 'EXTENDED_SESSIONSECURITY'],
  [0x0010_0000, 'IDENTIFY'],
  [0x0040_0000, 'REQUEST_NON_NT_SESSION_KEY'],
  [0x0080_0000, 'TARGET_INFO'],
  [0x0200_0000, 'VERSION'],
  [0x2000_0000, '128'],
  [0x4000_0000, 'KEY_EXCH'],
  [0x8000_0000, '56'],
];
export const NTLMSSP_NEGOTIATE_UNICODE = 0x0000_0001;
export const NTLMSSP_NEGOTIATE_ANONYMOUS = 0x0000_0800;
export const NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY = 0x0008_0000;
export const NTLMSSP_NEGOTIATE_TARGET_INFO = 0x0080_0000;
export const NTLMSSP_NEGOTIATE_VERSION = 0x0200_0000;

/** AvId of AV_PAIRs (2.2.2.1). */
export const MsvAvEOL = 0;
export const MsvAvNbComputerName = 1;
export const MsvAvNbDomainName = 2;
export const MsvAvDnsComputerName = 3;
export const MsvAvDnsDomainName = 4;
export const MsvAvDnsTreeName = 5;
export const MsvAvFlags = 6;
export const MsvAvTimestamp = 7;
export const MsvAvSingleHost = 8;
export const MsvAvTargetName = 9;
export const MsvAvChannelBindings = 10;
/** Bit of MsvAvFlags: a MIC is in the AUTHENTICATE message. */
export const AV_FLAG_MIC = 2;
