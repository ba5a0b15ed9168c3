// Numbers of the NetBIOS name service (RFC 1002 4.2.1).
export const OPCODE_QUERY = 0;
export const OPCODE_REGISTRATION = 5;
export const OPCODE_RELEASE = 6;
export const OPCODE_WACK = 7;
export const OPCODE_REFRESH = 8;
/** What 4.2.4 calls refresh where its table says 8. */
export const OPCODE_REFRESH_ALTERNATIVE = 9;
/** A host with several addresses registers (MS-NBTE 2.2.2). */
export const OPCODE_MULTIHOMED_REGISTRATION = 15;

export const NB = 0x0020;
export const NBSTAT = 0x0021;

export const ANSWER_KINDS: Readonly<Record<number, string>> = { [NB]: 'NB', [NBSTAT]: 'NBSTAT' };
