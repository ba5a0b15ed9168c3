import { describe, expect, it } from 'vitest';
import { smb } from '../../../../src/protocols/smb/index.ts';
import { smbLimits } from '../../../../src/protocols/smb/limits.ts';
import { play, type Segment, segments } from '../../../support/segments.ts';
import { down, frame, logoff1, logoff2, negotiated1, plainAnswer1, plainSetup1, setup1, smb2, up } from './build.ts';

/** tshark: SMB 3.1.1, NTLMSSP as LAB\alice; frames are the segments' numbers plus one. */
const wrongPassword = segments('smb/smb2-ntlm-wrong-password.hex');
const ntlm = segments('smb/smb2-ntlm.hex');
const kerberos = segments('smb/smb2-kerberos.hex');
const chained = segments('smb/smb1-chained.hex');

const run = (stream: readonly Segment[]) => play(smb.open('tcp'), stream);
const activities = (stream: readonly Segment[]) => run(stream).activities.said;

/** Tokens of the recorded logon: SPNEGO with NEGOTIATE, CHALLENGE and AUTHENTICATE. */
function tokens(): readonly [Buffer, Buffer, Buffer] {
  const blob = (segment: Segment | undefined, offset: number) => {
    const message = Buffer.from((segment as Segment).bytes).subarray(4);
    const from = message.readUInt16LE(offset);
    return message.subarray(from, from + message.readUInt16LE(offset + 2));
  };
  const setups = wrongPassword.filter(({ bytes }) => bytes[4 + 12] === 1);
  return [blob(setups[0], 76), blob(setups[1], 68), blob(setups[2], 76)];
}

/** A setup request of SMB2 (MS-SMB2 2.2.5), and its answer (2.2.6). */
const request = (message: number, session: number | bigint, token: Uint8Array): Segment => {
  const body = Buffer.alloc(24);
  body.writeUInt16LE(25, 0);
  body.writeUInt16LE(88, 12);
  body.writeUInt16LE(token.length, 14);
  return up(smb2({ command: 1, message, session }, Buffer.concat([body, token])));
};
const answer = (message: number, session: number | bigint, status: number, token: Uint8Array): Segment => {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(9, 0);
  body.writeUInt16LE(72, 4);
  body.writeUInt16LE(token.length, 6);
  return down(smb2({ command: 1, response: true, message, session, status }, Buffer.concat([body, token])));
};
const MORE = 0xc000_0016;

describe('session setup of SMB2', () => {
  it('hands over the messages of NTLM in the frames that complete them', () => {
    expect(run(wrongPassword).messages.said.map((message) => [message['frame'], message['msgType']])).toEqual([
      [4, 'NEGOTIATE'],
      [5, 'CHALLENGE'],
      [6, 'AUTHENTICATE'],
    ]);
  });

  it('says the outcome by the name of its NTSTATUS', () => {
    expect(activities(wrongPassword)).toMatchObject([
      {
        type: 'ntlm.logon',
        carrier: 'smb',
        outcome: 'failure',
        reason: 'STATUS_LOGON_FAILURE',
        account: { name: 'alice', domain: 'LAB' },
        frame: 7,
      },
    ]);
    expect(activities(ntlm)).toMatchObject([{ type: 'ntlm.logon', outcome: 'success', reason: '', frame: 7 }]);
  });

  it('hands over Kerberos', () => {
    const { messages, activities: said } = run(kerberos);
    expect(messages.said.map((message) => message['msgType'])).toEqual(['AP-REQ', 'AP-REP']);
    expect(said.said).toMatchObject([{ type: 'kerberos.ap', carrier: 'smb', outcome: 'success' }]);
  });

  it('keeps apart sessions that are set up at the same time', () => {
    const [negotiate, challenge, authenticate] = tokens();
    const none = Buffer.alloc(0);
    // Ids have 32 bits, all of them.
    const one = 0x1111_1111;
    const other = 0x9111_1111;
    const said = activities([
      request(1, 0, negotiate),
      request(0xffff_fff0, 0, negotiate),
      answer(0xffff_fff0, other, MORE, challenge),
      answer(1, one, MORE, challenge),
      request(3, one, authenticate),
      request(0xffff_fff1, other, authenticate),
      answer(0xffff_fff1, other, 0, none),
      answer(3, one, 0x0000_0103, none),
      answer(3, one, 0xc000_0234, none),
    ]);
    expect(said.map(({ outcome, reason, firstFrame, frame }) => [outcome, reason, firstFrame, frame])).toEqual([
      ['success', '', 7, 8],
      ['failure', 'STATUS_ACCOUNT_LOCKED_OUT', 6, 10],
    ]);
    expect(activities([request(1, 0, negotiate), answer(1, 5, MORE, challenge), request(2, 5, authenticate)])).toMatchObject([
      { outcome: 'unanswered' },
    ]);
    const unknown = [request(1, 7, authenticate), answer(1, 7, 0xc0de_0001, none)];
    expect(activities(unknown)).toMatchObject([{ outcome: 'failure', reason: '0xC0DE0001' }]);
  });

  it('ends at its logoff, and no other does', () => {
    const [negotiate, challenge, authenticate] = tokens();
    // They differ in the upper half of their ids only.
    const [one, other] = [0x1_0000_0005n, 0x2_0000_0005n];
    const stream = [one, other].flatMap((id, index) => [
      request(10 * index, 0, negotiate),
      answer(10 * index, id, MORE, challenge),
      request(10 * index + 1, id, authenticate),
    ]);
    const said = activities([...stream, up(logoff2(20, one)), answer(11, other, 0, Buffer.alloc(0))]);
    expect(said.map(({ outcome, firstFrame, frame }) => [outcome, firstFrame, frame])).toEqual([
      ['unanswered', 4, 8],
      ['success', 7, 9],
    ]);
  });

  it('drops the oldest session at the limit', () => {
    const { sessions } = smbLimits;
    const before = { value: sessions.value, hits: sessions.hits };
    try {
      sessions.value = 2;
      for (const count of [1, 2, 3]) {
        sessions.hits = 0;
        run(Array.from({ length: count }, (_, mid) => up(setup1({ mid }, tokens()[0]))));
        expect(sessions.hits).toBe(Math.max(0, count - 2));
      }
    } finally {
      Object.assign(sessions, before);
    }
  });
});

describe('session setup of SMB1', () => {
  it('hands over blobs of extended security', () => {
    const [negotiate, challenge, authenticate] = tokens();
    const stream = (last: Parameters<typeof setup1>[0]) => [
      up(setup1({ mid: 1 }, negotiate)),
      down(setup1({ mid: 1, uid: 9, response: true, status: 0xc000_0016 }, challenge)),
      up(setup1({ mid: 2, uid: 9 }, authenticate)),
      down(setup1({ ...last, mid: 2, uid: 9, response: true }, Buffer.alloc(0))),
    ];
    expect(run(stream({})).messages.said.map((message) => message['msgType'])).toEqual([
      'NEGOTIATE',
      'CHALLENGE',
      'AUTHENTICATE',
    ]);
    expect(activities(stream({}))).toMatchObject([{ type: 'ntlm.logon', carrier: 'smb', outcome: 'success', reason: '' }]);
    expect(activities(stream({ status: 0xc000_0072 }))).toMatchObject([
      { outcome: 'failure', reason: 'STATUS_ACCOUNT_DISABLED' },
    ]);
    expect(activities(stream({ dos: [2, 2] }))).toMatchObject([{ outcome: 'failure', reason: 'ERRSRV/ERRbadpw' }]);
  });

  it('keeps apart users that are logged on at the same time, and ends with one', () => {
    const [negotiate, challenge, authenticate] = tokens();
    const none = Buffer.alloc(0);
    const stream = [1, 2].flatMap((uid) => [
      up(setup1({ mid: uid }, negotiate)),
      down(setup1({ mid: uid, uid, response: true, status: MORE }, challenge)),
      up(setup1({ mid: 10 + uid, uid }, authenticate)),
    ]);
    const said = activities([...stream, up(logoff1(20, 1)), down(setup1({ mid: 12, uid: 2, response: true }, none))]);
    expect(said.map(({ outcome, firstFrame, frame, details }) => [outcome, firstFrame, frame, details])).toEqual([
      // What the server said of itself is that of the same exchange.
      ['unanswered', 4, 8, expect.objectContaining({ nbDomainName: 'LAB' })],
      ['success', 7, 9, expect.objectContaining({ nbDomainName: 'LAB' })],
    ]);
  });

  const client = ['bob', 'LAB', 'Windows 2000 2195', 'Windows 2000 5.0'];
  it.each([
    ['ntlm', 24, 24, true],
    ['lm', 24, 0, true],
    ['ntlmv2', 24, 100, true],
    ['plain', 9, 0, false],
    ['plain', 0, 24, false],
    ['none', 1, 0, true],
  ] as const)('tells %s by what the server wants and the lengths %i and %i', (kind, oem, unicode, encrypted) => {
    for (const wide of [true, false]) {
      const said = activities([
        down(negotiated1(encrypted, 'LAB', 'FILES')),
        up(plainSetup1(1, oem, unicode, client, wide)),
        down(plainAnswer1({ mid: 1, uid: 3 }, 0, ['Unix', 'Samba 3'])),
      ]);
      expect(said).toMatchObject([
        {
          type: 'smb.logon',
          outcome: 'success',
          firstFrame: 3,
          frame: 4,
          account: { name: 'bob', domain: 'LAB', kind: 'user' },
          logon: true,
          details: {
            responseKind: kind,
            nativeOs: 'Windows 2000 2195',
            nativeLanMan: 'Windows 2000 5.0',
            serverOs: 'Unix',
            serverLanMan: 'Samba 3',
          },
        },
      ]);
      expect(said[0]?.['details']).toEqual(
        kind === 'plain' ? expect.objectContaining({ clearText: true }) : expect.not.objectContaining({ clearText: true }),
      );
      // The password itself (a row of Z) is nowhere.
      expect(JSON.stringify(said)).not.toContain('ZZ');
    }
  });

  it('went well where what is chained to it failed', () => {
    // tshark: medusa as LAB\\bob, with the right password; the answer's status is STATUS_BAD_NETWORK_NAME of its Tree Connect.
    const { activities: said, claimed, refusals } = run(chained);
    expect(said.said).toMatchObject([
      { outcome: 'success', reason: '', logon: true, account: { name: 'bob', domain: 'LAB' }, firstFrame: 4, frame: 5 },
    ]);
    expect(refusals).toEqual([]);
    // tshark: Server DC1 in UTF-16, though the client knows no Unicode.
    expect(claimed).toMatchObject([{ name: 'DC1', domain: 'LAB', method: 'smb-negotiate' }]);
    // The same for LAB\\zorro, who is not there: STATUS_LOGON_FAILURE, and no words.
    expect(activities(segments('smb/smb1-chained-refused.hex'))).toMatchObject([
      { outcome: 'failure', reason: 'STATUS_LOGON_FAILURE', account: { name: 'zorro', domain: 'LAB' } },
    ]);
  });

  it('is not fooled by a chain that ends nowhere', () => {
    const answer = Buffer.from((chained[3] as Segment).bytes);
    // The offset of what is chained: behind the message, into the words before it, or nothing chained at all.
    for (const [command, offset] of [
      [0x75, answer.length - 4],
      [0x75, 33],
      [0xff, 96],
    ] as const) {
      const lying = Buffer.from(answer);
      lying.writeUInt8(command, 4 + 33);
      lying.writeUInt16LE(offset, 4 + 35);
      expect(activities([...chained.slice(0, 3), { direction: 1, bytes: lying }])).toMatchObject([
        { outcome: 'failure', reason: '0xC00000CC' },
      ]);
    }
  });

  it('says failures, guests, repetitions and what got no answer', () => {
    const request = up(plainSetup1(1, 24, 24, client));
    expect(activities([request, down(plainAnswer1({ mid: 1, status: 0xc000_006d }, 0, []))])).toMatchObject([
      { outcome: 'failure', reason: 'STATUS_LOGON_FAILURE', mdi: 'Failed logon', logon: false },
    ]);
    expect(activities([request, down(plainAnswer1({ mid: 1 }, 1, []))])).toMatchObject([
      { outcome: 'success', logon: false, details: { guest: true } },
    ]);
    expect(activities([request, request])).toMatchObject([{ outcome: 'unanswered', details: { retransmissions: 1 } }]);
  });

  it('keeps nothing of a connection for the next', () => {
    const conversation = smb.open('tcp');
    const encoded = 'EGEJEMEFFDCACACACACACACACACACACA';
    const asked = Buffer.concat([Buffer.from([0x81, 0, 0, 68, 32]), Buffer.from(encoded), Buffer.from([0, 32])]);
    const session: Segment = { direction: 0, bytes: Buffer.concat([asked, Buffer.from(encoded), Buffer.from([0])]) };
    const granted: Segment = { direction: 1, bytes: Buffer.from([0x82, 0, 0, 0]) };
    const request = up(plainSetup1(1, 24, 0, client));
    // The first server takes passwords in clear; of the second nothing is known.
    const first = play(conversation, [session, granted, down(negotiated1(false, 'LAB', 'FILES')), request]);
    expect(first.activities.said).toMatchObject([{ details: { responseKind: 'plain' } }]);
    expect(first.claimed).toContainEqual(expect.objectContaining({ direction: 1, name: 'FILES', method: 'netbios-session' }));
    const second = play(conversation, [granted, request]);
    expect(second.activities.said).toMatchObject([{ details: { responseKind: 'lm' } }]);
    expect(second.claimed).toEqual([]);
  });

  it('is over when the server speaks SMB2, whatever the client says', () => {
    const request = up(plainSetup1(1, 24, 24, client));
    const answer = down(plainAnswer1({ mid: 1 }, 0, []));
    const bySmb2 = (response: boolean) => frame(smb2({ command: 0, response }, Buffer.alloc(36)));
    expect(activities([request, { direction: 0, bytes: bySmb2(false) }, answer])).toMatchObject([
      { outcome: 'success', frame: 4 },
    ]);
    expect(activities([request, { direction: 1, bytes: bySmb2(true) }])).toMatchObject([{ outcome: 'unanswered', frame: 3 }]);
  });

  it('takes no half of a letter for a name', () => {
    const negotiated = Buffer.from((chained[1] as Segment).bytes);
    const claimed = () => run([{ direction: 1, bytes: negotiated }]).claimed.map((claim) => claim['name']);
    expect(claimed()).toEqual(['DC1']);
    // Without the capability, too.
    negotiated.writeUInt8(negotiated.readUInt8(4 + 33 + 19) & ~0x04, 4 + 33 + 19);
    expect(claimed()).toEqual([]);
    // Eight bytes of challenge, then the names.
    negotiated.write('LAB\0DC1\0', 4 + 33 + 34 + 2 + 8, 'latin1');
    expect(claimed()).toEqual(['DC1']);
  });

  it('learns the names of both ends', () => {
    const encoded = (name: string) => {
      const bytes = Buffer.from(name.padEnd(15) + (name === 'CLIENT' ? '\0' : ' '), 'latin1');
      const letters = [...bytes].map((byte) => String.fromCharCode(0x41 + (byte >> 4), 0x41 + (byte & 15))).join('');
      return Buffer.concat([Buffer.from([32]), Buffer.from(letters), Buffer.from([0])]);
    };
    const session = Buffer.concat([Buffer.from([0x81, 0, 0, 68]), encoded('FILES'), encoded('CLIENT')]);
    const { claimed } = run([
      { direction: 0, bytes: session },
      { direction: 1, bytes: Buffer.from([0x82, 0, 0, 0]) },
      down(negotiated1(true, 'LAB', 'FILES')),
    ]);
    expect(claimed).toEqual([
      { direction: 0, name: 'CLIENT', domain: '', method: 'netbios-session', os: '' },
      { direction: 1, name: 'FILES', domain: '', method: 'netbios-session', os: '' },
      { direction: 1, name: 'FILES', domain: 'LAB', method: 'smb-negotiate', os: '' },
    ]);
  });
});
