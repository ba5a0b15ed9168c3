// Search filters (RFC 4511 4.5.1.7) as the strings of RFC 4515.
import { OCTET_STRING, SEQUENCE, Tlv } from '../../bytes/der.ts';
import { u8 } from '../../bytes/read.ts';
import { BAD_TAG, OK, type Reason, TOO_DEEP, TOO_LONG, TOO_MANY } from '../../bytes/reason.ts';
import { utf8 } from '../../bytes/text.ts';
import { hit } from '../limits.ts';
import { ldapLimits as limits } from './limits.ts';

/** Tags of the choice. */
const AND = 0xa0;
const OR = 0xa1;
const NOT = 0xa2;
const EQUALITY = 0xa3;
const SUBSTRINGS = 0xa4;
const GREATER = 0xa5;
const LESS = 0xa6;
const PRESENT = 0x87;
const APPROX = 0xa8;
const EXTENSIBLE = 0xa9;
const OPERATORS: Readonly<Record<number, string>> = { [EQUALITY]: '=', [GREATER]: '>=', [LESS]: '<=', [APPROX]: '~=' };
const INITIAL = 0x80;
const FINAL = 0x82;
/** MatchingRuleAssertion: rule, attribute, value, dnAttributes. */
const RULE = 0x81;
const TYPE = 0x82;
const VALUE = 0x83;
const DN_ATTRIBUTES = 0x84;

export class FilterReader {
  reason: Reason = OK;
  #terms = 0;
  #length = 0;

  /** The filter at `at`, or '' with a reason. */
  text(bytes: Uint8Array, at: number, end: number): string {
    this.reason = OK;
    this.#terms = 0;
    this.#length = 0;
    const text = this.#term(bytes, at, end, 0);
    return this.reason === OK ? text : '';
  }

  #term(bytes: Uint8Array, at: number, end: number, depth: number): string {
    if (depth > limits.filterDepth.value) return this.#limit(limits.filterDepth, TOO_DEEP);
    if (++this.#terms > limits.filterTerms.value) return this.#limit(limits.filterTerms, TOO_MANY);
    const tlv = new Tlv();
    const reason = tlv.read(bytes, at, end);
    if (reason !== OK) return this.#stop(reason);
    const { tag, from, until } = tlv;
    if (tag === AND || tag === OR || tag === NOT) {
      let inner = '';
      for (let next = from; next < until && this.reason === OK; next = tlv.until) {
        if (tlv.read(bytes, next, until) !== OK) return this.#stop(BAD_TAG);
        inner += this.#term(bytes, next, until, depth + 1);
      }
      return `(${tag === AND ? '&' : tag === OR ? '|' : '!'}${inner})`;
    }
    const leaf = this.#leaf(tag, bytes, from, until);
    this.#length += leaf.length;
    return this.#length > limits.filterBytes.value ? this.#limit(limits.filterBytes, TOO_LONG) : leaf;
  }

  #leaf(tag: number, bytes: Uint8Array, from: number, until: number): string {
    if (tag === PRESENT) return `(${value(bytes, from, until)}=*)`;
    if (tag === EXTENSIBLE) return this.#extensible(bytes, from, until);
    const type = new Tlv();
    if (type.read(bytes, from, until) !== OK || type.tag !== OCTET_STRING) return this.#stop(BAD_TAG);
    const attribute = value(bytes, type.from, type.until);
    const assertion = new Tlv();
    if (assertion.read(bytes, type.until, until) !== OK) return this.#stop(BAD_TAG);
    if (tag === SUBSTRINGS)
      return assertion.tag === SEQUENCE
        ? this.#substrings(attribute, bytes, assertion.from, assertion.until)
        : this.#stop(BAD_TAG);
    const operator = OPERATORS[tag];
    return operator === undefined
      ? this.#stop(BAD_TAG)
      : `(${attribute}${operator}${value(bytes, assertion.from, assertion.until)})`;
  }

  #substrings(attribute: string, bytes: Uint8Array, from: number, until: number): string {
    const piece = new Tlv();
    let text = '';
    let last = 0;
    for (let at = from; at < until; at = piece.until) {
      if (piece.read(bytes, at, until) !== OK) return this.#stop(BAD_TAG);
      if (piece.tag !== INITIAL || at !== from) text += '*';
      text += value(bytes, piece.from, piece.until);
      last = piece.tag;
    }
    return `(${attribute}=${text}${last === FINAL ? '' : '*'})`;
  }

  #extensible(bytes: Uint8Array, from: number, until: number): string {
    const part = new Tlv();
    let rule = '';
    let type = '';
    let text = '';
    let dn = '';
    for (let at = from; at < until; at = part.until) {
      if (part.read(bytes, at, until) !== OK) return this.#stop(BAD_TAG);
      if (part.tag === RULE) rule = `:${value(bytes, part.from, part.until)}`;
      else if (part.tag === TYPE) type = value(bytes, part.from, part.until);
      else if (part.tag === VALUE) text = value(bytes, part.from, part.until);
      else if (part.tag === DN_ATTRIBUTES && part.until > part.from && u8(bytes, part.from) !== 0) dn = ':dn';
    }
    return `(${type}${dn}${rule}:=${text})`;
  }

  #limit(limit: (typeof limits)[keyof typeof limits], reason: Reason): string {
    hit(limit);
    return this.#stop(reason);
  }

  #stop(reason: Reason): string {
    this.reason = reason;
    return '';
  }
}

/** An assertion value: UTF-8 as it is, what RFC 4515 3 reserves and what is no text as \XX. */
function value(bytes: Uint8Array, from: number, until: number): string {
  let plain = true;
  for (let at = from; at < until; at++) {
    const c = u8(bytes, at);
    if (c < 0x20 || c > 0x7e || c === 0x28 || c === 0x29 || c === 0x2a || c === 0x5c) plain = false;
  }
  const text = utf8(bytes, from, until);
  if (plain) return text;
  const isText = !text.includes('\ufffd');
  let out = '';
  if (isText) {
    for (const c of text) out += /[()*\\]/.test(c) || c < ' ' || c === '\x7f' ? escaped(c.charCodeAt(0)) : c;
    return out;
  }
  for (let at = from; at < until; at++) {
    const c = u8(bytes, at);
    out += c < 0x20 || c > 0x7e || c === 0x28 || c === 0x29 || c === 0x2a || c === 0x5c ? escaped(c) : String.fromCharCode(c);
  }
  return out;
}

const escaped = (c: number): string => `\\${c.toString(16).padStart(2, '0')}`;
