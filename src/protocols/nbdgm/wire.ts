// NetBIOS datagrams in place (RFC 1002 4.4), the mailslot writes in them (MS-MAIL 2.2.1) and browser messages (MS-BRWS 2.2).
import { decodeNetbiosName, encodedNameLength, NETBIOS_NAME } from '../../bytes/netbios-name.ts';
import { startsWithAscii, u8, u16be, u16le, u32be, u32le } from '../../bytes/read.ts';
import { BAD_TAG, BAD_VALUE, OK, OVERRUN, type Reason, SHORT } from '../../bytes/reason.ts';
import { latin1 } from '../../bytes/text.ts';
import type { View } from '../contract.ts';
import * as names from './names.ts';

/** Datagram header of the three kinds that carry data: up to the source name. */
export const HEADER = 14;
const SOURCE_IP = 4;

/** The SMB transaction that a mailslot write is (MS-CIFS 2.2.4.33): offsets from the SMB header. */
const SMB_MAGIC = 0xff53_4d42;
const SMB_COM_TRANSACTION = 0x25;
const COMMAND = 4;
const WORDS = 33;
const WORD_COUNT = 32;
const LEAST_WORDS = 17;
const DATA_COUNT = 22;
const DATA_OFFSET = 24;
const MAILSLOT = '\\MAILSLOT\\';
const MAX_MAILSLOT = 64;

/** One datagram and what it writes to which mailslot. */
export class Datagram implements View {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  readonly source = new Uint8Array(NETBIOS_NAME);
  readonly destination = new Uint8Array(NETBIOS_NAME);
  /** Mailslot written to, '' when it is none. */
  mailslot = '';
  /** Range of what is written. */
  from = 0;
  until = 0;

  get type(): number {
    return u8(this.bytes, this.start);
  }
  get id(): number {
    return u16be(this.bytes, this.start + 2);
  }
  get sourceIpAt(): number {
    return this.start + SOURCE_IP;
  }

  /** OK: the names can be read; a mailslot only if there is one. */
  bind(bytes: Uint8Array, start: number, end: number): Reason {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.mailslot = '';
    this.from = end;
    this.until = end;
    if (end - start < HEADER) return SHORT;
    if (names.DATAGRAM_TYPES[u8(bytes, start)] === undefined) return BAD_TAG;
    const source = start + HEADER;
    const sourceLength = encodedNameLength(bytes, source, end);
    const destination = source + sourceLength;
    const destinationLength = sourceLength === 0 ? 0 : encodedNameLength(bytes, destination, end);
    if (destinationLength === 0) return BAD_VALUE;
    if (!decodeNetbiosName(bytes, source + 1, this.source) || !decodeNetbiosName(bytes, destination + 1, this.destination))
      return BAD_VALUE;
    return this.#mailslot(destination + destinationLength);
  }

  #mailslot(smb: number): Reason {
    const { bytes, end } = this;
    if (smb + WORDS > end || u32be(bytes, smb) !== SMB_MAGIC || u8(bytes, smb + COMMAND) !== SMB_COM_TRANSACTION) return OK;
    const words = u8(bytes, smb + WORD_COUNT);
    const name = smb + WORDS + 2 * words + 2;
    if (words < LEAST_WORDS) return OK;
    if (name > end) return SHORT;
    if (!startsWithAscii(bytes, name, end, MAILSLOT)) return OK;
    let until = name;
    while (until < end && until - name < MAX_MAILSLOT && u8(bytes, until) !== 0) until++;
    const from = smb + u16le(bytes, smb + WORDS + DATA_OFFSET);
    const to = from + u16le(bytes, smb + WORDS + DATA_COUNT);
    if (to > end) return OVERRUN;
    this.mailslot = latin1(bytes, name, until);
    this.from = from;
    this.until = to;
    return OK;
  }
}

/** Where the name stands, and the comment behind fixed fields, by command. */
const ANNOUNCEMENT = { NAME: 6, MAJOR: 22, MINOR: 23, SERVER_TYPE: 24, COMMENT: 32 } as const;
const REQUEST_NAME = 2;
const ELECTION_NAME = 14;
const NAME_BYTES = 16;
const MAX_COMMENT = 43;

/** One browser message. Fields that its command does not have are '' or -1. */
export class BrowserMessage {
  command = -1;
  server = '';
  version = '';
  serverType = -1;
  comment = '';

  read(bytes: Uint8Array, from: number, until: number): void {
    this.command = from < until ? u8(bytes, from) : -1;
    this.server = '';
    this.version = '';
    this.serverType = -1;
    this.comment = '';
    switch (this.command) {
      case names.HOST_ANNOUNCEMENT:
      case names.LOCAL_MASTER_ANNOUNCEMENT:
      case names.DOMAIN_ANNOUNCEMENT:
        if (until - from < ANNOUNCEMENT.COMMENT) return;
        this.server = zeroEnded(bytes, from + ANNOUNCEMENT.NAME, from + ANNOUNCEMENT.NAME + NAME_BYTES);
        this.version = `${u8(bytes, from + ANNOUNCEMENT.MAJOR)}.${u8(bytes, from + ANNOUNCEMENT.MINOR)}`;
        this.serverType = u32le(bytes, from + ANNOUNCEMENT.SERVER_TYPE);
        this.comment = zeroEnded(bytes, from + ANNOUNCEMENT.COMMENT, Math.min(until, from + ANNOUNCEMENT.COMMENT + MAX_COMMENT));
        break;
      case names.ANNOUNCEMENT_REQUEST:
        if (until - from > REQUEST_NAME) this.server = zeroEnded(bytes, from + REQUEST_NAME, until);
        break;
      case names.ELECTION:
        if (until - from > ELECTION_NAME) this.server = zeroEnded(bytes, from + ELECTION_NAME, until);
        break;
    }
  }
}

function zeroEnded(bytes: Uint8Array, from: number, until: number): string {
  let end = from;
  while (end < until && u8(bytes, end) !== 0) end++;
  return latin1(bytes, from, end).trimEnd();
}
