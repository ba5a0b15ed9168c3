// RFC 4511 as declared types for what is common to all messages, and the operations' fields by name: for `adtap explain` and
// as the oracle of the wire views.
import * as asn1js from 'asn1js';
import type { Plain } from './declare.ts';

/** Names of an operation's elements, in order (RFC 4511 appendix B). */
const ELEMENTS: Readonly<Record<number, readonly [string, readonly string[]]>> = {
  0: ['bindRequest', ['version', 'name', 'authentication']],
  1: ['bindResponse', ['resultCode', 'matchedDN', 'diagnosticMessage', 'serverSaslCreds']],
  2: ['unbindRequest', []],
  3: ['searchRequest', ['baseObject', 'scope', 'derefAliases', 'sizeLimit', 'timeLimit', 'typesOnly', 'filter', 'attributes']],
  4: ['searchResEntry', ['objectName', 'attributes']],
  5: ['searchResDone', ['resultCode', 'matchedDN', 'diagnosticMessage', 'referral']],
  6: ['modifyRequest', ['object', 'changes']],
  7: ['modifyResponse', ['resultCode', 'matchedDN', 'diagnosticMessage', 'referral']],
  8: ['addRequest', ['entry', 'attributes']],
  9: ['addResponse', ['resultCode', 'matchedDN', 'diagnosticMessage', 'referral']],
  10: ['delRequest', []],
  11: ['delResponse', ['resultCode', 'matchedDN', 'diagnosticMessage', 'referral']],
  12: ['modDNRequest', ['entry', 'newrdn', 'deleteoldrdn', 'newSuperior']],
  13: ['modDNResponse', ['resultCode', 'matchedDN', 'diagnosticMessage', 'referral']],
  14: ['compareRequest', ['entry', 'ava']],
  15: ['compareResponse', ['resultCode', 'matchedDN', 'diagnosticMessage', 'referral']],
  16: ['abandonRequest', []],
  19: ['searchResRef', []],
  23: ['extendedReq', ['requestName', 'requestValue']],
  24: ['extendedResp', ['resultCode', 'matchedDN', 'diagnosticMessage', 'responseName', 'responseValue']],
  25: ['intermediateResponse', ['responseName', 'responseValue']],
};
/** Attributes whose values are passwords. */
const SECRET = /^(unicodePwd|userPassword|clearTextPassword)$/i;
const MAX_SHOWN = 256;

/** Every element of the message by name. Passwords are hidden. Throws when it is no LDAPMessage. */
export function explainLdap(bytes: Uint8Array): { readonly op: string; readonly messageId: number } & { [key: string]: Plain } {
  const { result, offset } = asn1js.fromBER(Uint8Array.from(bytes));
  if (offset === -1) throw new TypeError(result.error);
  const [id, operation, controls] = children(result);
  const found = ELEMENTS[operation?.idBlock.tagNumber ?? -1];
  if (!(id instanceof asn1js.Integer) || operation === undefined || found === undefined) throw new TypeError('no LDAPMessage');
  const [op, names] = found;
  const plain: { [key: string]: Plain } = {};
  const parts = children(operation);
  parts.forEach((part, index) => {
    const name = names[index] ?? `element${index}`;
    plain[name] = name === 'authentication' ? authentication(part) : value(part);
  });
  if (parts.length === 0) plain['content'] = value(operation);
  if (controls !== undefined) plain['controls'] = value(controls);
  return { ...plain, op, messageId: id.valueBlock.valueDec };
}

function children(block: asn1js.AsnType | asn1js.BaseBlock): asn1js.BaseBlock[] {
  const inner = (block.valueBlock as { value?: unknown }).value;
  return Array.isArray(inner) ? (inner as asn1js.BaseBlock[]) : [];
}

function authentication(block: asn1js.BaseBlock): Plain {
  if (block.idBlock.tagNumber === 0) return { simple: '(password hidden)' };
  const [mechanism, credentials] = children(block);
  if (mechanism === undefined) return { sicily: '(token)' };
  const text = value(mechanism);
  return {
    sasl: { mechanism: text, credentials: credentials === undefined ? null : text === 'PLAIN' ? '(password hidden)' : '(token)' },
  };
}

function value(block: asn1js.BaseBlock): Plain {
  if (block instanceof asn1js.Boolean) return block.getValue();
  if (block instanceof asn1js.Integer || block instanceof asn1js.Enumerated) return block.valueBlock.valueDec;
  const inner = children(block);
  if (inner.length > 0) {
    const plain = inner.map(value);
    const [name] = plain;
    return typeof name === 'string' && SECRET.test(name) ? [name, '(hidden)'] : plain;
  }
  const bytes = Buffer.from((block.valueBlock as { valueHexView?: Uint8Array }).valueHexView ?? []);
  const text = bytes.toString('utf8');
  if (/^[^\p{Cc}\ufffd]*$/u.test(text)) return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return bytes.length > MAX_SHOWN ? `(${bytes.length} bytes)` : bytes.toString('hex');
}
