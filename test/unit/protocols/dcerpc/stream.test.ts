import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dcerpc } from '../../../../src/protocols/dcerpc/index.ts';
import { dcerpcLimits } from '../../../../src/protocols/dcerpc/limits.ts';
import { DceRpcPipe } from '../../../../src/protocols/dcerpc/pipe.ts';
import { TestContext } from '../../../support/record.ts';
import { play, type Segment, segments, trace } from '../../../support/segments.ts';
import { bigEndian, bindNak, call, fault, withPtype } from './pdus.ts';

const ALTER_CONTEXT = 14;
const AUTH3 = 16;
const REQUEST = 0;
const RESPONSE = 2;

/** tshark: bind(NEGOTIATE), bind_ack(CHALLENGE), alter_context(AUTHENTICATE, LAB\dadmin), alter_context_resp, DsBind … */
const ntlm = segments('dcerpc/ntlm.hex');
/** tshark: bind(NEGOTIATE), bind_ack(CHALLENGE), auth3(AUTHENTICATE, Q\imp.bad5, who does not exist), Connect, fault nca_proto_error */
const refused = segments('dcerpc/ntlm-refused.hex');
/** tshark: bind(NEGOTIATE), bind_ack(CHALLENGE), auth3(LAB\\bob), OpenPolicy with a verifier, fault 5 with flags 0x03 */
const denied = segments('dcerpc/ntlm-denied.hex');
/** tshark: bind(AP-REQ) in three segments, bind_ack(AP-REP), alter_context(AP-REP), alter_context_resp, DsBind … */
const kerberos = segments('dcerpc/kerberos.hex');

const up = (bytes: Uint8Array): Segment => ({ direction: 0, bytes });
const down = (bytes: Uint8Array): Segment => ({ direction: 1, bytes });
const pdu = (index: number): Uint8Array => (ntlm[index] as Segment).bytes;
/** The recorded handshake with its last leg as auth3, as Windows sends it for bare NTLMSSP. */
const upToAuth3 = [up(pdu(0)), down(pdu(1)), up(withPtype(pdu(2), AUTH3))];
const run = (stream: readonly Segment[], options = {}) => play(dcerpc.open('tcp'), stream, options);
const said = (stream: readonly Segment[]) =>
  run(stream).activities.said.map(({ type, carrier, outcome, reason, firstFrame, frame }) => ({
    type,
    carrier,
    outcome,
    reason,
    firstFrame,
    frame,
  }));

describe('what DCE/RPC carries', () => {
  it('hands over the three messages of NTLM', () => {
    const { messages, refusals } = run(ntlm);
    expect(messages.said.map((message) => [message['frame'], message['proto'], message['msgType']])).toEqual([
      [2, 'ntlm', 'NEGOTIATE'],
      [3, 'ntlm', 'CHALLENGE'],
      [4, 'ntlm', 'AUTHENTICATE'],
    ]);
    expect(refusals).toEqual([]);
  });

  it('takes alter_context_resp for the verdict on NTLM in alter_context', () => {
    const [logon, ...others] = run(ntlm).activities.said;
    expect(others).toEqual([]);
    expect(logon).toMatchObject({ type: 'ntlm.logon', carrier: 'dcerpc', outcome: 'success', frame: 5 });
    expect(logon?.['account']).toMatchObject({ name: 'dadmin', domain: 'LAB' });
  });

  it('takes the accepted bind for the verdict on Kerberos', () => {
    const { messages, activities } = run(kerberos);
    expect(messages.said.map((message) => [message['frame'], message['msgType']])).toEqual([
      [4, 'AP-REQ'],
      [5, 'AP-REP'],
      [6, 'AP-REP'],
    ]);
    expect(activities.said).toHaveLength(1);
    expect(activities.said[0]).toMatchObject({ type: 'kerberos.ap', carrier: 'dcerpc', outcome: 'success', frame: 5 });
  });

  it('waits after auth3 for the answer to the next call', () => {
    const stream = [...upToAuth3, up(call(REQUEST, 2)), down(call(RESPONSE, 2))];
    expect(said(stream)).toMatchObject([{ type: 'ntlm.logon', outcome: 'success', reason: '', frame: 6 }]);
  });

  it('is not judged by an answer to an older call', () => {
    const stream = [...upToAuth3, down(call(RESPONSE, 0)), up(call(REQUEST, 2)), down(fault(2, 5))];
    expect(said(stream)).toMatchObject([{ outcome: 'failure', reason: 'nca_s_fault_access_denied' }]);
  });

  it('tells a refused context from a failed call', () => {
    const verdictOn = (status: number) => said([...upToAuth3, up(call(REQUEST, 2)), down(fault(2, status))]);
    expect(verdictOn(0x0000_0005)).toMatchObject([{ outcome: 'failure', reason: 'nca_s_fault_access_denied', frame: 6 }]);
    // nca_op_rng_error: there is no such call, which only who was let in is told.
    expect(verdictOn(0x1c01_0002)).toMatchObject([{ outcome: 'success', reason: '' }]);
  });

  it('says that Samba refused a logon at the first call after it', () => {
    expect(said(refused)).toMatchObject([
      { type: 'ntlm.logon', carrier: 'dcerpc', outcome: 'failure', reason: 'nca_proto_error', firstFrame: 4, frame: 6 },
    ]);
  });

  it('tells a logon that was refused from one whose call was denied', () => {
    // As `denied`: LAB\\bob's password is right, and the call has run when it is denied.
    expect(said(denied)).toMatchObject([
      { type: 'ntlm.logon', carrier: 'dcerpc', outcome: 'success', reason: '', firstFrame: 4, frame: 6 },
    ]);
    // PFC_DID_NOT_EXECUTE: it never came to the call.
    const unrun = (denied[4] as Segment).bytes.slice();
    unrun[3] = 0x23;
    const reason = 'nca_s_fault_access_denied';
    expect(said([...denied.slice(0, 4), down(unrun)])).toMatchObject([{ outcome: 'failure', reason }]);
    // What only the security of the server says, whatever the flags.
    const packageError = Buffer.from((denied[4] as Segment).bytes);
    packageError.writeUInt32LE(0x721, 24);
    expect(said([...denied.slice(0, 4), down(packageError)])).toMatchObject([
      { outcome: 'failure', reason: 'RPC_S_SEC_PKG_ERROR' },
    ]);
    // A call without a verifier runs in no context, and proves none.
    const bare = [...denied.slice(0, 3), up(call(REQUEST, 4)), denied[4] as Segment];
    expect(said(bare)).toMatchObject([{ outcome: 'failure', reason }]);
  });

  it('takes a fault for the verdict on NTLM in alter_context', () => {
    const callId = Buffer.from(pdu(2)).readUInt32LE(12);
    const stream = [up(pdu(0)), down(pdu(1)), up(pdu(2)), down(fault(callId, 5))];
    expect(said(stream)).toMatchObject([{ outcome: 'failure', reason: 'nca_s_fault_access_denied', firstFrame: 4, frame: 5 }]);
  });

  it('waits for the proof when the server goes on with NTLM where Kerberos was offered', () => {
    const offer = Buffer.concat(kerberos.slice(0, 3).map(({ bytes }) => bytes));
    // The answer is to the context of the offer: auth_context_id stands before the token.
    const challenge = Buffer.from(pdu(1));
    const contextId = (one: Buffer): number => one.length - one.readUInt16LE(10) - 4;
    offer.copy(challenge, contextId(challenge), contextId(offer), contextId(offer) + 4);
    expect(said([up(offer), down(challenge), down(fault(1000, 5))])).toMatchObject([
      { type: 'kerberos.ap', outcome: 'unanswered' },
    ]);
  });

  it('names the reason of a refused bind', () => {
    const stream = [up((kerberos[0] as Segment).bytes), up((kerberos[1] as Segment).bytes), up((kerberos[2] as Segment).bytes)];
    expect(said([...stream, down(bindNak(1, 8))])).toMatchObject([
      { type: 'kerberos.ap', outcome: 'failure', reason: 'bind_nak authentication_type_not_recognized' },
    ]);
  });

  it('says what got no verdict when the connection ends', () => {
    expect(said(upToAuth3)).toMatchObject([{ type: 'ntlm.logon', outcome: 'unanswered' }]);
  });

  it('reads both byte orders', () => {
    const turned = ntlm.slice(0, 4).map(({ direction, bytes }) => ({ direction, bytes: bigEndian(bytes) }));
    expect(trace(run(turned))).toBe(trace(run(ntlm.slice(0, 4))));
  });

  it('passes over calls without holding them', () => {
    const conversation = dcerpc.open('tcp');
    const context = new TestContext();
    const request = call(REQUEST, 1, 4000);
    expect(conversation.data(request, 0, 16, context)).toBe(4024);
  });
});

describe('damage', () => {
  it('goes on behind a gap at the next PDU', () => {
    const conversation = dcerpc.open('tcp');
    const context = new TestContext();
    expect(conversation.gap(100, context)).toBe(true);
    const bytes = Uint8Array.from([...new Uint8Array(21).fill(0x41), ...pdu(0)]);
    let at = 0;
    while (at < bytes.length && bytes.length - at >= conversation.want(0))
      at += conversation.data(bytes, at, bytes.length, context);
    expect(context.messages.said).toMatchObject([{ proto: 'ntlm', msgType: 'NEGOTIATE' }]);
    expect(context.refusals).toEqual([]);
  });

  it('counts a verifier that does not fit its fragment', () => {
    const lie = pdu(0).slice();
    const trailer = lie.length - Buffer.from(lie).readUInt16LE(10) - 8;
    lie[trailer + 2] = 0xff;
    expect(run([up(lie)]).refusals).toEqual([{ protocol: 'dcerpc', reason: 4 }]);
  });

  it('drops the oldest security context at the limit', () => {
    const { contexts } = dcerpcLimits;
    const before = { value: contexts.value, hits: contexts.hits };
    try {
      const numbered = (id: number) => {
        const other = Buffer.from(pdu(2));
        other.writeUInt32LE(id, other.length - other.readUInt16LE(10) - 4);
        other[2] = ALTER_CONTEXT;
        return up(other);
      };
      contexts.value = 2;
      for (const count of [1, 2, 3]) {
        contexts.hits = 0;
        run(Array.from({ length: count }, (_, id) => numbered(id)));
        expect(contexts.hits).toBe(Math.max(0, count - 2));
      }
    } finally {
      Object.assign(contexts, before);
    }
  });
});

describe('probe', () => {
  const probe = (bytes: Uint8Array, end = bytes.length) => dcerpc.probe(bytes, 0, end, 0, 'tcp', false);
  it('knows every recorded PDU by its header', () => {
    for (const { bytes } of ntlm) expect(probe(bytes)).toBe('yes');
    for (let end = 1; end < 16; end++) expect(probe(pdu(0), end)).toBe('more');
  });
  it('refuses what is none', () => {
    expect(probe(Buffer.from('05000b0710000000ff00000001000000', 'hex'))).toBe('yes');
    for (const other of ['474554202f20485454502f312e310d0a', '05010102', '05000b07100000000f00000001000000', '04000b07'])
      expect(probe(Buffer.from(other, 'hex'))).toBe('no');
    expect(dcerpc.probe(pdu(0), 0, 100, 0, 'udp', true)).toBe('no');
  });
});

describe('any bytes', () => {
  it('says the same however the stream is cut, and whatever stands around it', () => {
    for (const stream of [ntlm, kerberos]) {
      const whole = trace(run(stream));
      for (const chunk of [1, 2, 3, 5, 15, 16, 17, 64, 500]) expect(trace(run(stream, { chunk }))).toBe(whole);
      for (const around of [0x00, 0x05, 0xff]) expect(trace(run(stream, { around }))).toBe(whole);
    }
  });

  it('survives mutations, and reads nothing outside', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(ntlm, kerberos),
        fc.array(fc.tuple(fc.nat(20), fc.nat(300), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (stream, changes) => {
          const mutated = stream.map(({ direction, bytes }) => ({ direction, bytes: bytes.slice() }));
          for (const [segment, at, value] of changes) {
            const bytes = (mutated[segment % mutated.length] as Segment).bytes;
            bytes[at % bytes.length] = value;
          }
          expect(trace(run(mutated, { around: 0xff }))).toBe(trace(run(mutated, { around: 0 })));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('takes any bytes in a pipe, with what is lost between them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.uint8Array({ maxLength: 200 })), { maxLength: 10 }), (pieces) => {
        const pipe = new DceRpcPipe();
        const context = new TestContext();
        for (const [kind, bytes] of pieces) {
          if (kind === 2) pipe.lost(context);
          pipe.data(bytes, 0, bytes.length, context);
        }
        pipe.close(context);
      }),
      { numRuns: 200 },
    );
  });
});
