// NetBIOS node status (UDP 137): all names that a node holds, asked for with the name `*` (RFC 1002 4.2.17 and 4.2.18).
import { randomInt } from 'node:crypto';
import { u8, u16be } from '../../bytes/read.ts';
import { hex, latin1 } from '../../bytes/text.ts';
import { HEADER, skipName } from '../../protocols/dns/wire.ts';
import type { Answer, Asker } from '../answer.ts';
import { NETBIOS_CHARACTERS } from '../names.ts';
import { exchange } from './datagram.ts';
import type { From } from './endpoint.ts';
import { answerOf, namesOf, netbiosName, noName, type Outcome } from './outcome.ts';

export const NETBIOS_PORT = 137;
const NBSTAT = 0x21;
const CLASS_IN = 1;
/** Header flags: response, opcode, truncated, result. */
const RESPONSE = 0x8000;
const OPCODE = 0x7800;
const TRUNCATED = 0x0200;
const RCODE = 0x000f;
/** A name's 15 characters and suffix, then its flags. */
const NAME_BYTES = NETBIOS_CHARACTERS + 1 + 2;
const UNIT_ID_BYTES = 6;
/** Flags of a name: group; deregistering, in conflict. */
const GROUP = 0x8000;
const LEAVING_OR_CONFLICT = 0x1000 | 0x0800;
/** Suffixes (MS-NBTE 2.2.1, MS-BRWS): workstation, messenger, file server, domain master browser, domain controllers. */
const SUFFIX = { WORKSTATION: 0x00, MESSENGER: 0x03, SERVER: 0x20, DOMAIN_MASTER: 0x1b, CONTROLLERS: 0x1c } as const;

/** What a Samba domain controller registers besides. Its unit id is whatever was in memory. */
const SAMBA = '__SAMBA__';

/** The 50 bytes of a node status request. */
export function statusRequest(id: number): Uint8Array {
  const bytes = Buffer.alloc(50);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(1, 4);
  // `*` and fifteen NULs, each half byte as a letter from A on (RFC 1001 14.1).
  bytes.writeUInt8(0x20, HEADER);
  bytes.write(`CK${'A'.repeat(30)}`, HEADER + 1, 'latin1');
  bytes.writeUInt16BE(NBSTAT, 46);
  bytes.writeUInt16BE(CLASS_IN, 48);
  return bytes;
}

/** What a datagram says in answer to statusRequest(id); null when it answers something else. */
export function readStatus(bytes: Uint8Array, id: number): Outcome | null {
  const end = bytes.length;
  if (end < HEADER || u16be(bytes, 0) !== id) return null;
  const flags = u16be(bytes, 2);
  if ((flags & RESPONSE) === 0 || (flags & OPCODE) !== 0) return null;
  if ((flags & RCODE) !== 0) return noName('no-name', `node status refused with code ${flags & RCODE}`);
  let at = HEADER;
  for (let question = u16be(bytes, 4); question > 0 && at !== -1; question--) {
    at = skipName(bytes, at, end);
    if (at !== -1) at += 4;
  }
  const fixed = at === -1 || u16be(bytes, 6) === 0 ? -1 : skipName(bytes, at, end);
  if (fixed === -1 || fixed + 11 > end) return noName('malformed', 'node status without a record');
  if (u16be(bytes, fixed) !== NBSTAT) return noName('malformed', `node status answered with type ${u16be(bytes, fixed)}`);
  const from = fixed + 10;
  // Too many names for a datagram are cut and flagged (4.2.18): what is there counts.
  const until = Math.min(end, from + u16be(bytes, fixed + 8));
  if (until <= from) return noName('malformed', 'node status without names');
  return nodeNames(bytes, from, until, (flags & TRUNCATED) !== 0);
}

function nodeNames(bytes: Uint8Array, from: number, until: number, isFlagged: boolean): Outcome {
  const told = u8(bytes, from);
  const count = Math.min(told, Math.floor((until - from - 1) / NAME_BYTES));
  const unique = new Map<number, string>();
  const users: string[] = [];
  const domains = new Map<number, string>();
  for (let index = 0; index < count; index++) {
    const at = from + 1 + index * NAME_BYTES;
    const suffix = u8(bytes, at + NETBIOS_CHARACTERS);
    const flags = u16be(bytes, at + NETBIOS_CHARACTERS + 1);
    // The character set is the node's OEM code page, which it does not say.
    const name = netbiosName(latin1(bytes, at, at + NETBIOS_CHARACTERS));
    if (name === '' || (flags & LEAVING_OR_CONFLICT) !== 0) continue;
    if ((flags & GROUP) !== 0) {
      if (!domains.has(suffix)) domains.set(suffix, name);
    } else if (suffix === SUFFIX.MESSENGER) users.push(name);
    else if (!unique.has(suffix)) unique.set(suffix, name);
  }
  const isSamba = [...domains.values(), ...unique.values()].includes(SAMBA);
  const netbios = unique.get(SUFFIX.WORKSTATION) ?? unique.get(SUFFIX.SERVER) ?? '';
  const isCut = isFlagged || count < told;
  if (netbios === '') return noName('no-name', `node status with ${count} names, none of them a computer's`);
  const unitId = from + 1 + told * NAME_BYTES;
  const evidence = `node status: ${netbios}<${unique.has(SUFFIX.WORKSTATION) ? '00' : '20'}> among ${told} names${isCut ? `, cut after ${count}` : ''}`;
  return {
    names: namesOf({
      netbios,
      netbiosDomain: domains.get(SUFFIX.WORKSTATION) ?? domains.get(SUFFIX.CONTROLLERS) ?? unique.get(SUFFIX.DOMAIN_MASTER) ?? '',
      mac: !isSamba && unitId + UNIT_ID_BYTES <= until ? mac(bytes, unitId) : '',
      // The computer registers its own name for messages too.
      users: [...new Set(users)].filter((user) => user !== netbios),
    }),
    evidence,
  };
}

/** `02:00:4d:00:00:65`; empty for all zeros, which is what Samba says. */
function mac(bytes: Uint8Array, at: number): string {
  const digits = hex(bytes, at, at + UNIT_ID_BYTES);
  return /^0+$/.test(digits) ? '' : (digits.match(/../g) ?? []).join(':');
}

export interface UdpAskerOptions {
  readonly from: From;
  readonly timeoutMs: number;
  readonly retries: 0 | 1;
  readonly port?: number;
}

export class NetbiosAsker implements Asker {
  readonly method = 'netbios';
  readonly #options: UdpAskerOptions;

  constructor(options: UdpAskerOptions) {
    this.#options = options;
  }

  async ask(address: string, signal: AbortSignal): Promise<Answer> {
    const started = performance.now();
    const { from, timeoutMs, retries, port = NETBIOS_PORT } = this.#options;
    const id = randomInt(0x1_0000);
    const outcome = await exchange(statusRequest(id), (bytes) => readStatus(bytes, id), {
      endpoint: { address, port },
      from,
      timeoutMs,
      retries,
      signal,
    });
    return answerOf(this.method, address, started, outcome);
  }
}
