// Messages of MS-NLMP 4.2: the specification's own worked examples, byte by byte.
import { describe, expect, it } from 'vitest';
import { OK, OVERRUN, SHORT } from '../../../../src/bytes/reason.ts';
import { NtlmMessage } from '../../../../src/protocols/ntlm/wire.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));

/** 4.2.4.3: CHALLENGE_MESSAGE of the NTLMv2 example. */
const CHALLENGE = bytesOf(`
  4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef 0000000000000000 2400240044000000 060070170000000f
  530065007200760065007200 02000c0044006f006d00610069006e00 01000c005300650072007600650072 0000000000`);
/** 4.2.2.3 (with its fields in the order given there): AUTHENTICATE_MESSAGE of the NTLMv1 example. */
const AUTHENTICATE = bytesOf(`
  4e544c4d53535000 03000000 180018006c000000 1800180084000000 0c000c0048000000 0800080054000000 100010005c000000 100010009c000000
  358280e2 0501280a0000000f 44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
  98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13 67c43011f30298a2ad35ece64f16331c44bdbed927841f94 518822b1b3f350c8958682ecbb3e3cb7`);

describe('NtlmMessage', () => {
  const message = new NtlmMessage();

  it('reads the CHALLENGE of MS-NLMP 4.2.4.3', () => {
    expect(message.bind(CHALLENGE, 0, CHALLENGE.length)).toBe(OK);
    expect(message).toMatchObject({ type: 2, target: 'Server', version: '6.0.6000', hasInfo: true });
    expect(message.info).toMatchObject({ nbDomainName: 'Domain', nbComputerName: 'Server', dnsComputerName: '' });
  });

  it('reads the AUTHENTICATE of MS-NLMP 4.2.2.3', () => {
    expect(message.bind(AUTHENTICATE, 0, AUTHENTICATE.length)).toBe(OK);
    expect(message).toMatchObject({
      type: 3,
      domain: 'Domain',
      user: 'User',
      workstation: 'COMPUTER',
      version: '5.1.2600',
      responseVersion: 'NTLMv1',
      hasMic: false,
      isAnonymous: false,
    });
  });

  it('says what is sane when one field lies', () => {
    const lying = AUTHENTICATE.slice();
    lying.set([0xff, 0xff, 0xff, 0x7f], 40);
    expect(message.bind(lying, 0, lying.length)).toBe(OVERRUN);
    expect(message).toMatchObject({ domain: 'Domain', user: '', workstation: 'COMPUTER' });
  });

  it('refuses every cut before the fixed part is there, and reads outside nothing', () => {
    for (let end = 0; end < AUTHENTICATE.length; end++) {
      const memory = new Uint8Array(AUTHENTICATE.length + 64).fill(0x41);
      memory.set(AUTHENTICATE.subarray(0, end), 32);
      const reason = message.bind(memory, 32, 32 + end);
      if (end < 52) expect(reason).toBe(SHORT);
      expect(message.user === '' || message.user === 'User').toBe(true);
    }
  });
});
