// NTLM messages in place (MS-NLMP 2.2.1): a signature, a type, and fields that point at their payload by length and offset.
import { names } from '../../bytes/intern.ts';
import { startsWithAscii, u8, u16le, u32le } from '../../bytes/read.ts';
import { BAD_VALUE, OK, OVERRUN, type Reason, SHORT, TOO_LONG, TOO_MANY, UNSUPPORTED } from '../../bytes/reason.ts';
import { hit } from '../limits.ts';
import { ntlmLimits as limits } from './limits.ts';
import {
  AUTHENTICATE,
  AV_FLAG_MIC,
  CHALLENGE,
  MsvAvChannelBindings,
  MsvAvDnsComputerName,
  MsvAvDnsDomainName,
  MsvAvDnsTreeName,
  MsvAvEOL,
  MsvAvFlags,
  MsvAvNbComputerName,
  MsvAvNbDomainName,
  MsvAvTargetName,
  NEGOTIATE,
  NTLMSSP_NEGOTIATE_ANONYMOUS,
  NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY,
  NTLMSSP_NEGOTIATE_TARGET_INFO,
  NTLMSSP_NEGOTIATE_UNICODE,
  NTLMSSP_NEGOTIATE_VERSION,
} from './names.ts';

export const SIGNATURE = 'NTLMSSP\0';
const TYPE = 8;
/** Smallest messages: NEGOTIATE up to its flags, CHALLENGE up to its reserved bytes, AUTHENTICATE up to its key. */
const NEGOTIATE_BYTES = 16;
const CHALLENGE_BYTES = 32;
const AUTHENTICATE_BYTES = 52;
/** Offsets of fields (2.2.1.1 to 2.2.1.3). */
const NEGOTIATE_AT = { FLAGS: 12, DOMAIN: 16, WORKSTATION: 24, VERSION: 32 } as const;
const CHALLENGE_AT = { TARGET: 12, FLAGS: 20, CHALLENGE: 24, TARGET_INFO: 40, VERSION: 48 } as const;
const AUTHENTICATE_AT = {
  LM: 12,
  NT: 20,
  DOMAIN: 28,
  USER: 36,
  WORKSTATION: 44,
  KEY: 52,
  FLAGS: 60,
  VERSION: 64,
  MIC: 72,
} as const;
const VERSION_BYTES = 8;
const MIC_BYTES = 16;
/** NTLMv2_RESPONSE: proof, then NTLMv2_CLIENT_CHALLENGE whose AV pairs start 28 bytes in (2.2.2.7, 2.2.2.8). */
const NTLMV2_PAIRS = 16 + 28;
const NTLMV1_BYTES = 24;

/** AV pairs of a CHALLENGE's target info or an AUTHENTICATE's NTLMv2 response. */
export class TargetInfo {
  nbComputerName = '';
  nbDomainName = '';
  dnsComputerName = '';
  dnsDomainName = '';
  dnsTreeName = '';
  targetName = '';
  flags = 0;
  /** Which AV pairs were there: bit 1 << AvId. A pair may be there and empty. */
  seen = 0;
  /** Channel bindings other than all zeros. */
  channelBindings = false;

  clear(): void {
    this.nbComputerName = '';
    this.nbDomainName = '';
    this.dnsComputerName = '';
    this.dnsDomainName = '';
    this.dnsTreeName = '';
    this.targetName = '';
    this.flags = 0;
    this.seen = 0;
    this.channelBindings = false;
  }

  bind(bytes: Uint8Array, start: number, end: number): Reason {
    this.clear();
    let at = start;
    for (let pairs = 0; ; pairs++) {
      if (at + 4 > end) return SHORT;
      if (pairs >= limits.avPairs.value) {
        hit(limits.avPairs);
        return TOO_MANY;
      }
      const id = u16le(bytes, at);
      const from = at + 4;
      const until = from + u16le(bytes, at + 2);
      if (id === MsvAvEOL) return OK;
      if (until > end) return OVERRUN;
      this.#pair(id, bytes, from, until);
      at = until;
    }
  }

  #pair(id: number, bytes: Uint8Array, from: number, until: number): void {
    if (id < 31) this.seen |= 1 << id;
    switch (id) {
      case MsvAvNbComputerName:
        this.nbComputerName = value(bytes, from, until);
        break;
      case MsvAvNbDomainName:
        this.nbDomainName = value(bytes, from, until);
        break;
      case MsvAvDnsComputerName:
        this.dnsComputerName = value(bytes, from, until);
        break;
      case MsvAvDnsDomainName:
        this.dnsDomainName = value(bytes, from, until);
        break;
      case MsvAvDnsTreeName:
        this.dnsTreeName = value(bytes, from, until);
        break;
      case MsvAvTargetName:
        this.targetName = value(bytes, from, until);
        break;
      case MsvAvFlags:
        if (until - from >= 4) this.flags = u32le(bytes, from);
        break;
      case MsvAvChannelBindings:
        for (let at = from; at < until; at++) if (u8(bytes, at) !== 0) this.channelBindings = true;
        break;
    }
  }
}

/** A name, up to its first NUL: some servers write one and count it. */
function value(bytes: Uint8Array, from: number, until: number): string {
  const text = names.text('utf16le', bytes, from, until);
  const nul = text.indexOf('\0');
  return nul === -1 ? text : text.slice(0, nul);
}

/** Any of the three messages. What a message lacks is '' or 0. */
export class NtlmMessage {
  type = 0;
  flags = 0;
  domain = '';
  user = '';
  workstation = '';
  /** CHALLENGE: TargetName. */
  target = '';
  /** `major.minor.build` of VERSION (2.2.2.10); '' when absent. */
  version = '';
  /** CHALLENGE: range of the server challenge's 8 bytes. */
  challengeFrom = 0;
  readonly info = new TargetInfo();
  hasInfo = false;
  /** AUTHENTICATE: bytes of the LM and the NT response. */
  lmLength = 0;
  ntLength = 0;
  /** AUTHENTICATE: a MIC that is not all zeros. */
  hasMic = false;

  bind(bytes: Uint8Array, start: number, end: number): Reason {
    this.#clear();
    if (end - start < TYPE + 4) return SHORT;
    if (!startsWithAscii(bytes, start, end, SIGNATURE)) return BAD_VALUE;
    this.type = u32le(bytes, start + TYPE);
    if (this.type === NEGOTIATE) return this.#negotiate(bytes, start, end);
    if (this.type === CHALLENGE) return this.#challenge(bytes, start, end);
    return this.type === AUTHENTICATE ? this.#authenticate(bytes, start, end) : UNSUPPORTED;
  }

  #clear(): void {
    this.type = 0;
    this.flags = 0;
    this.domain = '';
    this.user = '';
    this.workstation = '';
    this.target = '';
    this.version = '';
    this.challengeFrom = 0;
    this.hasInfo = false;
    this.info.clear();
    this.lmLength = 0;
    this.ntLength = 0;
    this.hasMic = false;
  }

  #negotiate(bytes: Uint8Array, start: number, end: number): Reason {
    if (end - start < NEGOTIATE_BYTES) return SHORT;
    this.flags = u32le(bytes, start + NEGOTIATE_AT.FLAGS);
    // Both names are OEM: Unicode is not negotiated yet (2.2.1.1). Some clients send them without the flags that announce them.
    let reason: Reason = OK;
    this.#until = this.#from;
    if (end - start >= NEGOTIATE_AT.DOMAIN + 8) reason = this.#field(bytes, start, end, NEGOTIATE_AT.DOMAIN) || reason;
    this.domain = this.#text(bytes, false);
    this.#until = this.#from;
    if (end - start >= NEGOTIATE_AT.WORKSTATION + 8) reason = this.#field(bytes, start, end, NEGOTIATE_AT.WORKSTATION) || reason;
    this.workstation = this.#text(bytes, false);
    this.#version(bytes, start, end, NEGOTIATE_AT.VERSION);
    return reason;
  }

  #challenge(bytes: Uint8Array, start: number, end: number): Reason {
    if (end - start < CHALLENGE_BYTES) return SHORT;
    this.flags = u32le(bytes, start + CHALLENGE_AT.FLAGS);
    this.challengeFrom = start + CHALLENGE_AT.CHALLENGE;
    let reason = this.#field(bytes, start, end, CHALLENGE_AT.TARGET);
    this.target = this.#text(bytes, (this.flags & NTLMSSP_NEGOTIATE_UNICODE) !== 0);
    if (end - start >= CHALLENGE_AT.TARGET_INFO + 8 && (this.flags & NTLMSSP_NEGOTIATE_TARGET_INFO) !== 0) {
      reason = this.#field(bytes, start, end, CHALLENGE_AT.TARGET_INFO) || reason;
      if (this.#until > this.#from) {
        this.hasInfo = true;
        reason = this.info.bind(bytes, this.#from, this.#until) || reason;
      }
    }
    this.#version(bytes, start, end, CHALLENGE_AT.VERSION);
    return reason;
  }

  #authenticate(bytes: Uint8Array, start: number, end: number): Reason {
    if (end - start < AUTHENTICATE_BYTES) return SHORT;
    // The oldest form ends before key and flags (2.2.1.3, Windows NT 4); its strings say themselves what they are.
    const hasFlags = end - start >= AUTHENTICATE_AT.FLAGS + 4;
    this.flags = hasFlags ? u32le(bytes, start + AUTHENTICATE_AT.FLAGS) : NTLMSSP_NEGOTIATE_UNICODE;
    const unicode = (this.flags & NTLMSSP_NEGOTIATE_UNICODE) !== 0;
    let reason = this.#field(bytes, start, end, AUTHENTICATE_AT.DOMAIN);
    let first = this.#until > this.#from ? this.#from : end;
    this.domain = this.#text(bytes, unicode);
    reason = this.#field(bytes, start, end, AUTHENTICATE_AT.USER) || reason;
    if (this.#until > this.#from) first = Math.min(first, this.#from);
    this.user = this.#text(bytes, unicode);
    reason = this.#field(bytes, start, end, AUTHENTICATE_AT.WORKSTATION) || reason;
    if (this.#until > this.#from) first = Math.min(first, this.#from);
    this.workstation = this.#text(bytes, unicode);
    reason = this.#field(bytes, start, end, AUTHENTICATE_AT.LM, true) || reason;
    this.lmLength = this.#until - this.#from;
    if (this.lmLength > 0) first = Math.min(first, this.#from);
    reason = this.#field(bytes, start, end, AUTHENTICATE_AT.NT, true) || reason;
    this.ntLength = this.#until - this.#from;
    if (this.ntLength > 0) first = Math.min(first, this.#from);
    if (this.ntLength > NTLMV2_PAIRS) {
      this.hasInfo = true;
      // Clients may leave out the end mark; what was read until then counts.
      this.info.bind(bytes, this.#from + NTLMV2_PAIRS, this.#until);
    }
    this.#version(bytes, start, Math.min(end, first), AUTHENTICATE_AT.VERSION);
    // A MIC stands there only where the payload starts behind it, or the AV pairs say so (2.2.1.3).
    const micEnd = start + AUTHENTICATE_AT.MIC + MIC_BYTES;
    if (micEnd <= first && micEnd <= end && (!this.hasInfo || (this.info.flags & AV_FLAG_MIC) !== 0))
      for (let at = start + AUTHENTICATE_AT.MIC; at < micEnd; at++) if (u8(bytes, at) !== 0) this.hasMic = true;
    return reason;
  }

  /** `NTLMv1`, `NTLMv1-ESS`, `NTLMv2`, `LM`, or '' for none (2.2.2.3 to 2.2.2.8). */
  get responseVersion(): string {
    if (this.type !== AUTHENTICATE) return '';
    if (this.ntLength > NTLMV1_BYTES) return 'NTLMv2';
    if (this.ntLength === NTLMV1_BYTES)
      return (this.flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) !== 0 ? 'NTLMv1-ESS' : 'NTLMv1';
    return this.lmLength >= NTLMV1_BYTES ? 'LM' : '';
  }

  /** No name and no NT response (3.2.5.1.2). */
  get isAnonymous(): boolean {
    return (
      this.type === AUTHENTICATE && this.user === '' && (this.ntLength === 0 || (this.flags & NTLMSSP_NEGOTIATE_ANONYMOUS) !== 0)
    );
  }

  #from = 0;
  #until = 0;

  /** Range of the payload that the field at `offset` names; empty and refused when it lies outside. */
  #field(bytes: Uint8Array, start: number, end: number, offset: number, isBlob = false): Reason {
    const length = u16le(bytes, start + offset);
    const at = u32le(bytes, start + offset + 4);
    this.#from = start;
    this.#until = start;
    if (length === 0) return OK;
    if (!isBlob && length > limits.nameBytes.value && offset !== CHALLENGE_AT.TARGET_INFO) {
      hit(limits.nameBytes);
      return TOO_LONG;
    }
    if (at > end - start || length > end - start - at) return OVERRUN;
    this.#from = start + at;
    this.#until = start + at + length;
    return OK;
  }

  #text(bytes: Uint8Array, unicode: boolean): string {
    return names.text(unicode ? 'utf16le' : 'latin1', bytes, this.#from, this.#until);
  }

  #version(bytes: Uint8Array, start: number, end: number, offset: number): void {
    const at = start + offset;
    if ((this.flags & NTLMSSP_NEGOTIATE_VERSION) === 0 || at + VERSION_BYTES > end) return;
    const major = u8(bytes, at);
    if (major !== 0) this.version = `${major}.${u8(bytes, at + 1)}.${u16le(bytes, at + 2)}`;
  }
}
