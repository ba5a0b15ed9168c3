// What an SMB1 session setup without extended security says in clear (MS-CIFS 2.2.4.53).
import { names } from '../../bytes/intern.ts';
import { u8, u16le } from '../../bytes/read.ts';
import type { Direction } from '../contract.ts';

export type ResponseKind = 'lm' | 'ntlm' | 'ntlmv2' | 'plain' | 'none';

/** Up to four strings that follow one another, each with its terminator; those that are not there are empty. */
export class Strings {
  readonly texts: [string, string, string, string] = ['', '', '', ''];

  /** Reads from `at`; 16-bit strings are aligned from `base`. */
  read(bytes: Uint8Array, base: number, at: number, end: number, unicode: boolean): this {
    let from = at;
    for (let i = 0; i < 4; i++) {
      if (unicode && ((from - base) & 1) === 1) from++;
      let until = from;
      const step = unicode ? 2 : 1;
      while (until + step <= end && (unicode ? u16le(bytes, until) : u8(bytes, until)) !== 0) until += step;
      this.texts[i as 0 | 1 | 2 | 3] = from < until ? names.text(unicode ? 'utf16le' : 'latin1', bytes, from, until) : '';
      from = until + step;
    }
    return this;
  }
}

export const strings = new Strings();

/** A logon that waits for the server's answer. */
export class Logon {
  request = 0;
  seconds = 0;
  nanoseconds = 0;
  frame = 0;
  direction: Direction = 0;
  account = '';
  domain = '';
  nativeOs = '';
  nativeLanMan = '';
  kind: ResponseKind = 'none';
  retransmissions = 0;
}
