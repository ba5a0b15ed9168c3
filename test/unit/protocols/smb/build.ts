// Hand-made SMB messages, laid out by MS-SMB2 2.2 and MS-CIFS 2.2, for what no recorded stream shows.
import type { Segment } from '../../../support/segments.ts';

/** A frame of direct TCP: type 0 and a 24-bit length. */
export function frame(...messages: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(messages);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

interface Header2 {
  readonly command: number;
  readonly response?: boolean;
  readonly status?: number;
  readonly message?: number;
  /** All 64 bits. */
  readonly session?: number | bigint;
  readonly next?: number;
}

export function smb2(header: Header2, body: Uint8Array): Buffer {
  const head = Buffer.alloc(64);
  head.writeUInt32BE(0xfe534d42, 0);
  head.writeUInt16LE(64, 4);
  head.writeUInt32LE(header.status ?? 0, 8);
  head.writeUInt16LE(header.command, 12);
  head.writeUInt32LE(header.response ? 1 : 0, 16);
  head.writeUInt32LE(header.next ?? 0, 20);
  head.writeUInt32LE(header.message ?? 0, 24);
  head.writeBigUInt64LE(BigInt(header.session ?? 0), 40);
  return Buffer.concat([head, body]);
}

const fileId = (id: number): Buffer => {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(id, 0);
  bytes.writeUInt32LE(id, 8);
  return bytes;
};

export function write2(message: number, file: number, data: Uint8Array): Buffer {
  const body = Buffer.alloc(48);
  body.writeUInt16LE(49, 0);
  body.writeUInt16LE(112, 2);
  body.writeUInt32LE(data.length, 4);
  fileId(file).copy(body, 16);
  return smb2({ command: 9, message }, Buffer.concat([body, data]));
}

export function read2(message: number, file: number): Buffer {
  const body = Buffer.alloc(49);
  body.writeUInt16LE(49, 0);
  fileId(file).copy(body, 16);
  return smb2({ command: 8, message }, body);
}

export function readAnswer2(message: number, data: Uint8Array, status = 0): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(17, 0);
  body.writeUInt8(80, 2);
  body.writeUInt32LE(data.length, 4);
  return smb2({ command: 8, response: true, message, status }, Buffer.concat([body, data]));
}

/** FSCTL_PIPE_TRANSCEIVE, asked or answered. */
export function transceive2(message: number, file: number, data: Uint8Array, response: boolean, status = 0): Buffer {
  const body = Buffer.alloc(response ? 48 : 56);
  body.writeUInt16LE(response ? 49 : 57, 0);
  body.writeUInt32LE(0x0011c017, 4);
  fileId(file).copy(body, 8);
  const at = response ? 32 : 24;
  body.writeUInt32LE(64 + body.length, at);
  body.writeUInt32LE(data.length, at + 4);
  return smb2({ command: 11, response, message, status }, Buffer.concat([body, data]));
}

export function close2(message: number, file: number): Buffer {
  const body = Buffer.alloc(24);
  body.writeUInt16LE(24, 0);
  fileId(file).copy(body, 8);
  return smb2({ command: 6, message }, body);
}

interface Header1 {
  readonly command: number;
  readonly response?: boolean;
  readonly status?: number;
  readonly uid?: number;
  readonly mid?: number;
  /** DOS error class and code instead of an NTSTATUS. */
  readonly dos?: readonly [number, number];
  readonly unicode?: boolean;
}

/** `words` is an even number of bytes; the byte count is put between both. */
function smb1(header: Header1, words: Uint8Array, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(33);
  head.writeUInt32BE(0xff534d42, 0);
  head.writeUInt8(header.command, 4);
  if (header.dos) {
    head.writeUInt8(header.dos[0], 5);
    head.writeUInt16LE(header.dos[1], 7);
  } else head.writeUInt32LE(header.status ?? 0, 5);
  head.writeUInt8(header.response ? 0x80 : 0, 9);
  head.writeUInt16LE((header.dos ? 0 : 0x4000) | (header.unicode === false ? 0 : 0x8000), 10);
  head.writeUInt16LE(0x1234, 26);
  head.writeUInt16LE(header.uid ?? 0, 28);
  head.writeUInt16LE(header.mid ?? 0, 30);
  head.writeUInt8(words.length / 2, 32);
  const count = Buffer.alloc(2);
  count.writeUInt16LE(data.length);
  return Buffer.concat([head, words, count, data]);
}

/** Session setup with a security blob. */
export function setup1(header: Omit<Header1, 'command'>, blob: Uint8Array): Buffer {
  const words = Buffer.alloc(header.response ? 8 : 24);
  words.writeUInt8(0xff, 0);
  words.writeUInt16LE(blob.length, header.response ? 6 : 14);
  return smb1({ ...header, command: 0x73 }, words, Buffer.concat([blob, Buffer.from('\0U\0n\0i\0x\0\0\0')]));
}

/** LOGOFF_ANDX, MS-CIFS 2.2.4.54: the session is that of the header. */
export const logoff1 = (mid: number, uid: number): Buffer => smb1({ command: 0x74, mid, uid }, Buffer.from('ff000000', 'hex'));

/** SMB2 LOGOFF, 2.2.7. */
export const logoff2 = (message: number, session: number | bigint): Buffer =>
  smb2({ command: 2, message, session }, Buffer.from('04000000', 'hex'));

/** Session setup of the NT LM 0.12 dialect without extended security. */
export function plainSetup1(mid: number, oem: number, unicode: number, strings: readonly string[], wide = true): Buffer {
  const words = Buffer.alloc(26);
  words.writeUInt8(0xff, 0);
  words.writeUInt16LE(oem, 14);
  words.writeUInt16LE(unicode, 16);
  // 32 + 1 + 26 + 2: strings start at an odd offset when the passwords have an even length.
  const pad = Buffer.alloc(wide && (61 + oem + unicode) % 2 === 1 ? 1 : 0);
  const texts = strings.map((text) => Buffer.from(`${text}\0`, wide ? 'utf16le' : 'latin1'));
  return smb1({ command: 0x73, mid, unicode: wide }, words, Buffer.concat([Buffer.alloc(oem + unicode, 0x5a), pad, ...texts]));
}

/** Its answer. */
export function plainAnswer1(header: Omit<Header1, 'command'>, action: number, strings: readonly string[]): Buffer {
  const words = Buffer.alloc(6);
  words.writeUInt8(0xff, 0);
  words.writeUInt16LE(action, 4);
  const texts = strings.map((text) => Buffer.from(`${text}\0`, 'utf16le'));
  return smb1({ ...header, command: 0x73, response: true }, words, Buffer.concat([Buffer.alloc(1), ...texts]));
}

/** A negotiate answer of the NT LM 0.12 dialect: whether passwords are encrypted, and who the server is. */
export function negotiated1(encrypted: boolean, domain: string, server: string): Buffer {
  const words = Buffer.alloc(34);
  words.writeUInt8(encrypted ? 0x03 : 0x01, 2);
  words.writeUInt8(8, 33);
  const texts = [domain, server].map((text) => Buffer.from(`${text}\0`, 'utf16le'));
  return smb1({ command: 0x72, response: true }, words, Buffer.concat([Buffer.alloc(8, 0x11), ...texts]));
}

export function write1(mid: number, fid: number, data: Uint8Array): Buffer {
  const words = Buffer.alloc(28);
  words.writeUInt8(0xff, 0);
  words.writeUInt16LE(fid, 4);
  words.writeUInt16LE(data.length, 20);
  words.writeUInt16LE(33 + 28 + 2, 22);
  return smb1({ command: 0x2f, mid }, words, data);
}

export function read1(mid: number, fid: number): Buffer {
  const words = Buffer.alloc(24);
  words.writeUInt8(0xff, 0);
  words.writeUInt16LE(fid, 4);
  return smb1({ command: 0x2e, mid }, words);
}

export function readAnswer1(mid: number, data: Uint8Array, status = 0): Buffer {
  const words = Buffer.alloc(24);
  words.writeUInt8(0xff, 0);
  words.writeUInt16LE(data.length, 10);
  words.writeUInt16LE(33 + 24 + 2, 12);
  return smb1({ command: 0x2e, mid, response: true, status }, words, data);
}

/** TransactNmPipe, asked or answered. */
export function transact1(mid: number, fid: number, data: Uint8Array, response: boolean): Buffer {
  const words = Buffer.alloc(response ? 20 : 32);
  words.writeUInt16LE(data.length, response ? 12 : 22);
  words.writeUInt16LE(33 + words.length + 2, response ? 14 : 24);
  if (!response) {
    words.writeUInt8(2, 26);
    words.writeUInt16LE(0x26, 28);
    words.writeUInt16LE(fid, 30);
  }
  return smb1({ command: 0x25, mid, response }, words, data);
}

export const up = (...messages: Uint8Array[]): Segment => ({ direction: 0, bytes: frame(...messages) });
export const down = (...messages: Uint8Array[]): Segment => ({ direction: 1, bytes: frame(...messages) });
