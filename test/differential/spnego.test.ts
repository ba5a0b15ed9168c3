// Every SPNEGO token in the streams of SMB and LDAP in fixtures/, found by its tag and read a second time by the schema.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OK } from '../../src/bytes/reason.ts';
import { GssToken, NegToken } from '../../src/protocols/gss/spnego.ts';
import { explainSpnego } from '../../src/schemas/spnego.ts';
import { fixturesFolder } from '../support/fixtures.ts';

/** GSS framing of SPNEGO: the OID 1.3.6.1.5.5.2 behind an APPLICATION tag. */
const OID_SPNEGO = Buffer.from('06062b0601050502', 'hex');

function captureBytes(): Buffer[] {
  const folder = join(fixturesFolder, 'lab');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.pcap'))
    .map((name) => readFileSync(join(folder, name)));
}

describe('NegToken', () => {
  it('finds the same mechanism token as the schema, in every initial token of the captures', () => {
    let tokens = 0;
    const gss = new GssToken();
    const neg = new NegToken();
    for (const bytes of captureBytes()) {
      for (let at = bytes.indexOf(OID_SPNEGO); at !== -1; at = bytes.indexOf(OID_SPNEGO, at + 1)) {
        for (const start of [at - 2, at - 3, at - 4]) {
          if (bytes[start] !== 0x60 || gss.bind(bytes, start, bytes.length) !== OK || gss.from !== at + OID_SPNEGO.length)
            continue;
          if (neg.bind(bytes, gss.from, gss.until) !== OK) continue;
          const schema = explainSpnego(bytes.subarray(gss.from, gss.until));
          const token = neg.until > neg.from ? bytes.subarray(neg.from, neg.until) : null;
          expect(token === null ? null : Buffer.from(token).toString('hex')).toBe(
            schema.token === null ? null : Buffer.from(schema.token).toString('hex'),
          );
          tokens++;
        }
      }
    }
    expect(tokens).toBeGreaterThan(30);
  });
});
