// Every Kerberos and LDAP message of the captures, decoded a second time by a library that knows nothing of ours
// (@peculiar/asn1-schema, asn1js): the wire views must say the same.
import { describe, expect, it } from 'vitest';
import { explainKerberos } from '../../src/schemas/kerberos.ts';
import { explainLdap } from '../../src/schemas/ldap.ts';
import { captures, fixture } from '../support/fixtures.ts';
import { runFiles } from '../support/in-process.ts';

type Fields = { readonly [key: string]: unknown };

const principal = (value: unknown): string | undefined => (value as { nameString?: string[] } | undefined)?.nameString?.join('/');

/** What a Kerberos line must say, by the schema. */
function kerberosLine(schema: Fields): Fields {
  const body = (schema['reqBody'] ?? schema) as Fields;
  const isRequest = schema['reqBody'] !== undefined;
  const ticket = schema['ticket'] as Fields | undefined;
  const enc = schema['encPart'] as Fields | undefined;
  const expected: { [key: string]: unknown } = {
    msgType: schema['msgType'],
    cname: principal(body['cname']),
    crealm: schema['crealm'],
  };
  if (isRequest || schema['errorCode'] !== undefined) {
    expected['realm'] = body['realm'];
    expected['sname'] = principal(body['sname']);
  }
  if (ticket !== undefined) {
    expected['ticketRealm'] = ticket['realm'];
    expected['ticketSname'] = principal(ticket['sname']);
    expected['ticketEtype'] = (ticket['encPart'] as Fields)['etype'];
    expected['ticketKvno'] = (ticket['encPart'] as Fields)['kvno'];
  }
  if (isRequest) {
    expected['etypes'] = body['etype'];
    expected['kdcOptions'] = body['kdcOptions'];
    expected['nonce'] = body['nonce'];
  }
  if (enc !== undefined && schema['crealm'] !== undefined) expected['encEtype'] = enc['etype'];
  if (schema['errorCode'] !== undefined) expected['errorCode'] = schema['errorCode'];
  if (schema['eText'] !== undefined) expected['eText'] = schema['eText'];
  if (schema['padata'] !== undefined) expected['padata'] = (schema['padata'] as Fields[]).map((one) => one['padataType']);
  return expected;
}

/** What an LDAP line must say, by the schema. */
function ldapLine(schema: Fields): Fields {
  const expected: { [key: string]: unknown } = { op: schema['op'], messageId: schema['messageId'] };
  if (schema['op'] === 'searchRequest') for (const key of ['baseObject', 'scope', 'sizeLimit']) expected[key] = schema[key];
  if (schema['op'] === 'searchRequest') expected['attributes'] = schema['attributes'] === '' ? [] : schema['attributes'];
  if (schema['resultCode'] !== undefined) expected['resultCode'] = schema['resultCode'];
  if (schema['op'] === 'bindRequest') expected['name'] = schema['name'];
  return expected;
}

describe.each(captures)('%s', (name) => {
  it('has only messages that the schemas read alike', async () => {
    const seen: { readonly protocol: string; readonly bytes: Uint8Array }[] = [];
    const { lines } = await runFiles(fixture(name), {
      emit: ['messages'],
      tap: (_frame, protocol, bytes, start, end) => seen.push({ protocol, bytes: bytes.slice(start, end) }),
    });
    expect(seen.length).toBe(lines.length);
    lines.forEach((line, index) => {
      const { protocol = '', bytes = new Uint8Array(0) } = seen[index] ?? {};
      expect(line['proto']).toBe(protocol);
      if (protocol === 'kerberos') expect(line).toMatchObject(defined(kerberosLine(explainKerberos(bytes))));
      else if (protocol === 'ldap' || protocol === 'cldap') expect(line).toMatchObject(defined(ldapLine(explainLdap(bytes))));
    });
  });
});

const defined = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
