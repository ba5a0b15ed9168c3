// Reverse DNS: the PTR record of an address from the configured servers, over UDP and, when cut, over TCP; then the addresses
// of the name, which confirm it if this one is among them. RFC 1035 3.5 and 4.2, RFC 3596 2.5, RFC 2317 (CNAMEs on the way).
import { randomInt } from 'node:crypto';
import { u16be } from '../../bytes/read.ts';
import { OK } from '../../bytes/reason.ts';
import { formatAddress } from '../../ip/address.ts';
import { parseAddress } from '../../ip/parse-address.ts';
import { A, AAAA, CLASS_IN, CNAME, PTR, rcodeName } from '../../protocols/dns/names.ts';
import { DnsMessage, HEADER, NameReader, RecordReader } from '../../protocols/dns/wire.ts';
import { hit } from '../../protocols/limits.ts';
import type { Answer, Asker } from '../answer.ts';
import { exchange } from './datagram.ts';
import { converse } from './dialogue.ts';
import { type Endpoint, endpointText, type From } from './endpoint.ts';
import { activeLimits as limits } from './limits.ts';
import { answerOf, dnsName, namesOf, noName, type Outcome } from './outcome.ts';

export const DNS_PORT = 53;
const RECURSION_DESIRED = 0x0100;
const NXDOMAIN = 3;
const LENGTH = 2;

/** Name under in-addr.arpa or ip6.arpa. */
export function reverseName(address: string): string {
  const bytes = parseAddress(address) ?? new Uint8Array(4);
  if (bytes.length === 4) return `${[...bytes].reverse().join('.')}.in-addr.arpa`;
  const nibbles = [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
  return `${nibbles
    .reverse()
    .map((nibble) => nibble.toString(16))
    .join('.')}.ip6.arpa`;
}

/** A query of one question with recursion desired. Null for a name that does not fit (RFC 1035 2.3.4). */
export function query(id: number, name: string, type: number): Uint8Array | null {
  const labels = name.split('.').map((label) => Buffer.from(label, 'utf8'));
  const length = labels.reduce((sum, label) => sum + 1 + label.length, 1);
  if (length > 255 || labels.some((label) => label.length === 0 || label.length > 63)) return null;
  const bytes = Buffer.alloc(HEADER + length + 4);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(RECURSION_DESIRED, 2);
  bytes.writeUInt16BE(1, 4);
  let at = HEADER;
  for (const label of labels) {
    at = bytes.writeUInt8(label.length, at);
    at += label.copy(bytes, at);
  }
  bytes.writeUInt16BE(type, at + 1);
  bytes.writeUInt16BE(CLASS_IN, at + 3);
  return bytes;
}

/** What a response says. Texts are names for PTR, addresses for A and AAAA. */
export interface Response {
  readonly rcode: number;
  readonly isTruncated: boolean;
  readonly values: readonly string[];
}

/** Reads a response to the question (id, name, type); null when it answers something else or cannot be read. */
export function readResponse(bytes: Uint8Array, id: number, name: string, type: number): Response | null {
  if (message.bind(bytes, 0, bytes.length) !== OK || message.id !== id || !message.isResponse || message.opcode !== 0)
    return null;
  const { qname, qtype, qclass, questions } = message;
  if (questions !== 1 || qname.toLowerCase() !== presentation(name) || qtype !== type || qclass !== CLASS_IN) return null;
  const { rcode, isTruncated } = message;
  return { rcode, isTruncated, values: values(type, qname) };
}

const message = new DnsMessage();
const records = new RecordReader();
const reader = new NameReader();

/** As NameReader writes it: what is not printable ASCII is escaped byte by byte. */
const presentation = (name: string): string =>
  [...Buffer.from(name.toLowerCase(), 'utf8')]
    .map((byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`))
    .join('');

/** Values of the type at the name and at what its CNAMEs lead to, in the order in which servers write them. */
function values(type: number, qname: string): string[] {
  const { bytes, start, end } = message;
  const found: string[] = [];
  let owner = qname.toLowerCase();
  let at = message.answersAt;
  for (let index = 0; index < message.answers; index++) {
    if (index >= limits.records.value) {
      hit(limits.records);
      break;
    }
    const next = records.next(message, at);
    if (next === -1) break;
    const { from, until } = records;
    if (
      records.class === CLASS_IN &&
      reader.text(bytes, start, records.nameAt, end).toLowerCase() === owner &&
      reader.reason === OK
    ) {
      if (records.type === CNAME) {
        const target = reader.text(bytes, start, from, until);
        if (reader.reason === OK) owner = target.toLowerCase();
      } else if (records.type === type) {
        const value = type === PTR ? reader.text(bytes, start, from, until) : addressOf(bytes, from, until, type);
        if (value !== '' && (type !== PTR || reader.reason === OK)) found.push(value);
      }
    }
    at = next;
  }
  return found;
}

function addressOf(bytes: Uint8Array, from: number, until: number, type: number): string {
  const length = type === A ? 4 : 16;
  return until - from === length ? formatAddress(bytes, from, length) : '';
}

export interface ReverseDnsOptions {
  readonly from: From;
  /** For all of it: every server, both ways. */
  readonly timeoutMs: number;
  readonly retries: 0 | 1;
  /** Asked one after the other until one answers. */
  readonly servers: readonly Endpoint[];
  /** Domains under which names of one label are looked for. */
  readonly suffixes: readonly string[];
}

export class ReverseDnsAsker implements Asker {
  readonly method = 'reverse-dns';
  readonly #options: ReverseDnsOptions;

  constructor(options: ReverseDnsOptions) {
    this.#options = options;
  }

  async ask(address: string, signal: AbortSignal): Promise<Answer> {
    const started = performance.now();
    return answerOf(this.method, address, started, await this.#ask(address, started + this.#options.timeoutMs, signal));
  }

  async #ask(address: string, deadline: number, signal: AbortSignal): Promise<Outcome> {
    if (this.#options.servers.length === 0) return noName('error', 'no DNS server is known');
    const name = reverseName(address);
    const pointers = await this.#query(name, PTR, deadline, signal);
    if (!('values' in pointers)) return pointers;
    const names = [...new Set(pointers.values.map(dnsName).filter((one) => one !== ''))];
    if (names.length === 0) {
      const why = pointers.rcode === 0 ? 'no PTR record' : rcodeName(pointers.rcode);
      return noName('no-name', `${pointers.server}: ${why} of ${name}`);
    }
    const where = `${pointers.server}: PTR of ${name}${names.length > 1 ? ` (1 of ${names.length})` : ''}`;
    for (const candidate of this.#candidates(names)) {
      const addresses = await this.#query(candidate, parseAddress(address)?.length === 4 ? A : AAAA, deadline, signal);
      if ('values' in addresses && addresses.values.includes(address))
        return { names: namesOf({ dns: candidate }), evidence: `${where}, confirmed by its address`, isConfirmed: true };
      if (signal.aborted) break;
    }
    return { names: namesOf({ dns: names[0] ?? '' }), evidence: `${where}, not confirmed` };
  }

  /** Full names to ask for, in order. */
  #candidates(names: readonly string[]): string[] {
    const { suffixes } = this.#options;
    const all = names.flatMap((name) => (name.includes('.') ? [name] : [...suffixes.map((suffix) => `${name}.${suffix}`), name]));
    if (all.length <= limits.pointerNames.value) return all;
    hit(limits.pointerNames);
    return all.slice(0, limits.pointerNames.value);
  }

  /** Asks server after server; each gets its share of the time that is left. */
  async #query(
    name: string,
    type: number,
    deadline: number,
    signal: AbortSignal,
  ): Promise<Outcome | (Response & { readonly server: string })> {
    const { servers } = this.#options;
    let last: Outcome = noName('timeout', 'no time left for DNS');
    for (const [index, endpoint] of servers.entries()) {
      const timeoutMs = Math.floor((deadline - performance.now()) / (servers.length - index));
      if (timeoutMs < 1 || signal.aborted) break;
      const response = await this.#queryOne(endpoint, name, type, timeoutMs, signal);
      if (!('values' in response)) last = response;
      else if (response.rcode === 0 || response.rcode === NXDOMAIN) return { ...response, server: endpointText(endpoint) };
      else last = noName('error', `${endpointText(endpoint)}: ${rcodeName(response.rcode)} for ${name}`);
    }
    return signal.aborted ? noName('cancelled', 'DNS') : last;
  }

  async #queryOne(
    endpoint: Endpoint,
    name: string,
    type: number,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Outcome | Response> {
    const { from, retries } = this.#options;
    const id = randomInt(0x1_0000);
    const request = query(id, name, type);
    if (request === null) return noName('malformed', `${name} is no name that DNS can carry`);
    const started = performance.now();
    const options = { endpoint, from, timeoutMs, retries, signal };
    const response = await exchange(request, (bytes) => readResponse(bytes, id, name, type), options);
    if (!('values' in response) || !response.isTruncated) return response;
    const left = Math.max(1, Math.floor(timeoutMs - (performance.now() - started)));
    return queryStream(request, (bytes) => readResponse(bytes, id, name, type), { ...options, timeoutMs: left });
  }
}

/** The same over TCP, where a message comes after its length. */
async function queryStream(
  request: Uint8Array,
  read: (bytes: Uint8Array) => Response | null,
  options: Parameters<typeof converse>[1],
): Promise<Outcome | Response> {
  let response: Response | null = null;
  const first = Buffer.alloc(LENGTH + request.length);
  first.writeUInt16BE(request.length, 0);
  first.set(request, LENGTH);
  const outcome = await converse(
    {
      first,
      need: LENGTH,
      read(bytes) {
        const end = LENGTH + u16be(bytes, 0);
        if (bytes.length < end) return { taken: 0, need: end };
        response = read(bytes.subarray(LENGTH, end));
        return { outcome: noName('malformed', `tcp ${endpointText(options.endpoint)}: answers another question`) };
      },
    },
    options,
  );
  return response ?? outcome;
}
