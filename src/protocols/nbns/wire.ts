// NetBIOS name service messages in place (RFC 1002 4.2): header, the one question, the one record.
import { decodeNetbiosName, encodedNameLength, NETBIOS_NAME, netbiosLabel } from '../../bytes/netbios-name.ts';
import { u8, u16be } from '../../bytes/read.ts';
import { BAD_VALUE, OK, OVERRUN, type Reason, SHORT } from '../../bytes/reason.ts';
import type { View } from '../contract.ts';
import { NB, NBSTAT } from './names.ts';

export const HEADER = 12;
const POINTER = 0xc0;
const ADDRESS_ENTRY = 6;
/** NODE_NAME entries and the statistics behind them (4.2.18). */
const STATUS_ENTRY = 18;
const UNIT_ID = 6;
const GROUP = 0x8000;

/** One message. Its record is the last of its sections: the answer of a response, what a registration adds. */
export class NbnsMessage implements View {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  id = 0;
  flags = 0;
  /** The 16 bytes of the name that the message is about; meaningful where hasName. */
  readonly name = new Uint8Array(NETBIOS_NAME);
  hasName = false;
  /** Type of the question, else of the record; -1 when there is neither. */
  type = -1;
  /** Range of the record's data; empty when there is none. */
  from = 0;
  until = 0;

  get isResponse(): boolean {
    return (this.flags & 0x8000) !== 0;
  }
  get opcode(): number {
    return (this.flags >> 11) & 15;
  }
  get rcode(): number {
    return this.flags & 15;
  }
  get label(): string {
    return this.hasName ? netbiosLabel(this.name, 0) : '';
  }

  bind(bytes: Uint8Array, start: number, end: number): Reason {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.hasName = false;
    this.type = -1;
    this.from = end;
    this.until = end;
    if (end - start < HEADER) return SHORT;
    this.id = u16be(bytes, start);
    this.flags = u16be(bytes, start + 2);
    const questions = u16be(bytes, start + 4);
    const records = u16be(bytes, start + 6) + u16be(bytes, start + 8) + u16be(bytes, start + 10);
    let at = start + HEADER;
    if (questions > 1) return BAD_VALUE;
    if (questions === 1) {
      at = this.#name(at);
      if (at === 0) return BAD_VALUE;
      if (at + 4 > end) return SHORT;
      this.type = u16be(bytes, at);
      at += 4;
    }
    return records === 0 ? OK : this.#record(at);
  }

  /** Reads the name at `at`, or passes over a pointer to the one already read; 0 when it is neither. */
  #name(at: number): number {
    const { bytes, end } = this;
    if (at + 2 <= end && u8(bytes, at) >= POINTER) {
      const target = this.start + (((u8(bytes, at) & 0x3f) << 8) | u8(bytes, at + 1));
      return target === this.start + HEADER && this.hasName ? at + 2 : 0;
    }
    const length = encodedNameLength(bytes, at, end);
    if (length === 0 || !decodeNetbiosName(bytes, at + 1, this.name)) return 0;
    this.hasName = true;
    return at + length;
  }

  #record(start: number): Reason {
    const { bytes, end } = this;
    const at = this.#name(start);
    if (at === 0) return BAD_VALUE;
    if (at + 10 > end) return SHORT;
    if (this.type === -1) this.type = u16be(bytes, at);
    const until = at + 10 + u16be(bytes, at + 8);
    if (until > end) return OVERRUN;
    this.from = at + 10;
    this.until = until;
    return OK;
  }

  /** Addresses of an NB record. */
  get addresses(): number {
    return this.type === NB ? Math.floor((this.until - this.from) / ADDRESS_ENTRY) : 0;
  }
  isGroup(index: number): boolean {
    return (u16be(this.bytes, this.from + index * ADDRESS_ENTRY) & GROUP) !== 0;
  }
  addressAt(index: number): number {
    return this.from + index * ADDRESS_ENTRY + 2;
  }

  /** Names of a node status response, as far as they are there. */
  get names(): number {
    if (this.type !== NBSTAT || !this.isResponse || this.from >= this.until) return 0;
    return Math.min(u8(this.bytes, this.from), Math.floor((this.until - this.from - 1) / STATUS_ENTRY));
  }
  nameAt(index: number): number {
    return this.from + 1 + index * STATUS_ENTRY;
  }
  isGroupName(index: number): boolean {
    return (u16be(this.bytes, this.nameAt(index) + NETBIOS_NAME) & GROUP) !== 0;
  }
  /** Where the unit id (a MAC address) behind the names stands; 0 when it is cut off. */
  get unitIdAt(): number {
    if (this.names === 0 || this.names !== u8(this.bytes, this.from)) return 0;
    const at = this.nameAt(this.names);
    return at + UNIT_ID <= this.until ? at : 0;
  }
}
