// The frames of both transports: the session service of NetBIOS (RFC 1002 4.3.1) on 139 and direct TCP (MS-SMB2 2.1) on 445,
// which are alike but for the width of the length: a session service leaves the upper bits zero.
import { decodeNetbiosName, NETBIOS_NAME, netbiosComputer } from '../../bytes/netbios-name.ts';
import { u8, u24be, u32be } from '../../bytes/read.ts';

/** Type and length. */
export const FRAME_HEADER = 4;
const SESSION_MESSAGE = 0x00;
const SESSION_REQUEST = 0x81;
export const POSITIVE_SESSION_RESPONSE = 0x82;
const RETARGET_SESSION_RESPONSE = 0x84;
const SESSION_KEEPALIVE = 0x85;
/** Longest body of what is not a session message: two encoded names with scopes. */
const CONTROL_BYTES = 1024;

/** Protocol identifiers of MS-CIFS 2.2.3.1 and MS-SMB2 2.2.1, 2.2.41, 2.2.42.1. */
export const SMB1_MAGIC = 0xff53_4d42;
export const SMB2_MAGIC = 0xfe53_4d42;
/** Of what is encrypted, and of what is compressed. */
export const TRANSFORM_MAGIC = 0xfd53_4d42;
const COMPRESSED_MAGIC = 0xfc53_4d42;
export const MAGIC = 4;

/** Whether a session message of this length may start with this identifier: its header must have room. */
function isMessage(magic: number, length: number): boolean {
  return (
    (magic === SMB1_MAGIC && length >= 35) ||
    (magic === SMB2_MAGIC && length >= 64) ||
    (magic === TRANSFORM_MAGIC && length >= 52) ||
    (magic === COMPRESSED_MAGIC && length >= 16)
  );
}

/** Whether a frame starts here, as far as its first 8 bytes go. */
export function startsFrame(bytes: Uint8Array, start: number, end: number): 'no' | 'yes' | 'more' {
  if (start >= end) return 'more';
  const type = u8(bytes, start);
  if (type !== SESSION_MESSAGE && !isControl(type)) return 'no';
  if (end - start < FRAME_HEADER) return 'more';
  const length = u24be(bytes, start + 1);
  if (type !== SESSION_MESSAGE) return controlFits(type, length) ? 'yes' : 'no';
  if (end - start < FRAME_HEADER + MAGIC) return 'more';
  return isMessage(u32be(bytes, start + FRAME_HEADER), length) ? 'yes' : 'no';
}

/** Types of RFC 1002 4.3.1 other than a message. */
export const isControl = (type: number): boolean => type >= SESSION_REQUEST && type <= SESSION_KEEPALIVE;
export const isSessionRequest = (type: number): boolean => type === SESSION_REQUEST;

function controlFits(type: number, length: number): boolean {
  switch (type) {
    case SESSION_REQUEST:
      return length >= 68 && length <= CONTROL_BYTES;
    case POSITIVE_SESSION_RESPONSE:
    case SESSION_KEEPALIVE:
      return length === 0;
    case RETARGET_SESSION_RESPONSE:
      return length === 6;
    default:
      return length === 1;
  }
}

/** The first place from `start` that may start a frame with an SMB message; its first 8 bytes must be there. */
export function findFrame(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at + FRAME_HEADER + MAGIC <= end && !(u8(bytes, at) === SESSION_MESSAGE && startsFrame(bytes, at, end) === 'yes')) at++;
  return at;
}

const decoded = new Uint8Array(NETBIOS_NAME);

/** The computer that the encoded name at `at` names; empty when it is not that of a computer. */
export function computerName(bytes: Uint8Array, at: number): string {
  return decodeNetbiosName(bytes, at + 1, decoded) ? netbiosComputer(decoded, 0) : '';
}
