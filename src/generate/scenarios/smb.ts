// File servers and named pipes: sessions with a ticket or with NTLM, bulk reads, and what attackers ask through pipes.
import type { Life } from '../life.ts';
import { MessageBuffer } from '../message-buffer.ts';
import { INTERFACES, wideString } from '../messages/dcerpc.ts';
import { COMMAND, SmbSession, STATUS, type Status } from '../messages/smb2.ts';
import { MILLISECOND } from '../step.ts';
import type { Tcp } from '../tcp.ts';
import type { Exchange } from '../truth.ts';
import type { Host } from '../world.ts';
import { type Act, type Actor, ask, machine, someController, someUser, someWorkstation, spn } from './act.ts';
import { dnsUpdateOf } from './dns.ts';
import { ticketFor } from './kerberos.ts';
import { findAndBind } from './ldap.ts';

const SMB_PORT = 445;
const DRSUAPI_PORT = 49_667;
const READ_BYTES = 65_536;
const DRS_BIND = 0;
const DRS_GET_NC_CHANGES = 3;

interface Session {
  readonly tcp: Tcp;
  readonly smb: SmbSession;
}

/** A connection with a dialect agreed on. */
function* connect(life: Life, client: Host, server: Host): Act<Session> {
  const { messages, out } = life;
  const smb = new SmbSession();
  const tcp = life.connect(client, server, SMB_PORT);
  yield tcp.open();
  yield* command(
    life,
    tcp,
    COMMAND.NEGOTIATE,
    () => messages.smb2.negotiate(out, smb),
    () => messages.smb2.negotiated(out, smb, () => messages.tokens.mechanisms(out)),
  );
  return { tcp, smb };
}

function* command(life: Life, tcp: Tcp, number: number, write: () => void, answer: () => void): Act<Exchange> {
  return yield* ask(
    tcp,
    () => {
      write();
      life.count(`smb2 ${number}`);
    },
    () => {
      answer();
      life.count(`smb2 ${number}`);
    },
  );
}

/** A session by Kerberos. */
function* ticketSession(life: Life, actor: Actor, server: Host, controller: Host): Act<Session> {
  const { messages, out, random } = life;
  const service = spn('cifs', server);
  const ticket = yield* ticketFor(life, actor, controller, service);
  const session = yield* connect(life, actor.computer, server);
  const { tcp, smb } = session;
  const exchange = yield* command(
    life,
    tcp,
    COMMAND.SESSION_SETUP,
    () => {
      messages.smb2.sessionSetup(out, smb, () => messages.tokens.offerTicket(out, ticket, random.next()));
      life.count('kerberos AP-REQ');
    },
    () => {
      smb.idLow = 1 + (random.next() >>> 1);
      smb.signed = true;
      messages.smb2.sessionSet(out, smb, STATUS.SUCCESS, () => messages.tokens.acceptTicket(out, random.next()));
      life.count('kerberos AP-REP');
    },
  );
  life.succeeded('kerberos.ap', exchange, actor.account, service, 'Resource access', 'smb');
  return session;
}

/** A session by NTLM; null when it was refused. */
function* ntlmSession(life: Life, { account, computer }: Actor, server: Host, status: Status): Act<Session | null> {
  const { messages, out, random, world } = life;
  const session = yield* connect(life, computer, server);
  const { tcp, smb } = session;
  const inner = new MessageBuffer();
  yield* command(
    life,
    tcp,
    COMMAND.SESSION_SETUP,
    () => {
      messages.ntlm.negotiate(inner);
      messages.smb2.sessionSetup(out, smb, () => messages.tokens.ntlm(out, 'negotiate', inner));
      life.count('ntlm 1');
    },
    () => {
      smb.idLow = 1 + (random.next() >>> 1);
      messages.ntlm.challenge(inner, server, random.next());
      messages.smb2.sessionSet(out, smb, STATUS.MORE_PROCESSING_REQUIRED, () => messages.tokens.ntlm(out, 'challenge', inner));
      life.count('ntlm 2');
    },
  );
  const target = `cifs/${server.name}`;
  const exchange = yield* command(
    life,
    tcp,
    COMMAND.SESSION_SETUP,
    () => {
      const logon = { user: account.name, domain: world.netbiosDomain, workstation: computer.name, target };
      messages.ntlm.authenticate(inner, server, logon, random.next());
      messages.smb2.sessionSetup(out, smb, () => messages.tokens.ntlm(out, 'authenticate', inner));
      life.count('ntlm 3');
    },
    () => {
      smb.signed = status === STATUS.SUCCESS;
      messages.smb2.sessionSet(out, smb, status, () => messages.tokens.completed(out));
    },
  );
  const isRight = status === STATUS.SUCCESS;
  if (isRight) life.succeeded('ntlm.logon', exchange, account.netbios, target, 'Credentials validation', 'smb');
  else life.failed('ntlm.logon', exchange, account.netbios, target, status[1], 'Failed logon', 'smb');
  if (isRight) return session;
  yield tcp.close();
  return null;
}

function* openShare(life: Life, { tcp, smb }: Session, path: string): Act {
  const { messages, out, random } = life;
  yield* command(
    life,
    tcp,
    COMMAND.TREE_CONNECT,
    () => messages.smb2.treeConnect(out, smb, path),
    () => {
      smb.treeId = random.between(1, 0xffff);
      messages.smb2.treeConnected(out, smb);
    },
  );
}

function* openFile(life: Life, { tcp, smb }: Session, name: string, size: number): Act {
  const { messages, out, random } = life;
  yield* command(
    life,
    tcp,
    COMMAND.CREATE,
    () => messages.smb2.create(out, smb, name),
    () => {
      smb.fileId = random.next();
      messages.smb2.created(out, smb, size);
    },
  );
}

function* readFile(life: Life, session: Session, name: string, size: number): Act {
  const { messages, out, random } = life;
  const { tcp, smb } = session;
  yield* openFile(life, session, name, size);
  for (let offset = 0; offset < size; offset += READ_BYTES) {
    const length = Math.min(READ_BYTES, size - offset);
    yield* command(
      life,
      tcp,
      COMMAND.READ,
      () => messages.smb2.read(out, smb, offset, length),
      () => messages.smb2.hasRead(out, smb, length, random.next()),
    );
  }
  yield* closeFile(life, session);
}

function* closeFile(life: Life, { tcp, smb }: Session): Act {
  const { messages, out } = life;
  yield* command(
    life,
    tcp,
    COMMAND.CLOSE,
    () => messages.smb2.close(out, smb),
    () => messages.smb2.closed(out, smb),
  );
}

function* leave(life: Life, { tcp, smb }: Session): Act {
  const { messages, out } = life;
  for (const number of [COMMAND.TREE_DISCONNECT, COMMAND.LOGOFF])
    yield* command(
      life,
      tcp,
      number,
      () => messages.smb2.bare(out, smb, number, false),
      () => messages.smb2.bare(out, smb, number, true),
    );
  yield tcp.close();
}

// ── Every day ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A user works with files. */
export function* fileAccess(life: Life): Act {
  const { random, world } = life;
  const server = random.pick(world.fileServers);
  const session = yield* ticketSession(life, someUser(life), server, someController(life));
  yield* openShare(life, session, `\\\\${server.name}\\projects`);
  const files = random.between(1, 3);
  for (let i = 0; i < files; i++)
    yield* readFile(life, session, `plan-${random.below(1000)}.xlsx`, random.between(10, 400) * 1024);
  yield* leave(life, session);
}

/** A server is called by its address or by a name without a principal: NTLM, with its mistakes. */
export function* ntlmFileAccess(life: Life): Act {
  const { random, profile, world } = life;
  const server = random.pick(world.fileServers);
  const actor = someUser(life);
  const status = random.chance(profile.wrongPassword)
    ? STATUS.LOGON_FAILURE
    : random.chance(profile.locked)
      ? STATUS.ACCOUNT_LOCKED_OUT
      : STATUS.SUCCESS;
  const session = yield* ntlmSession(life, actor, server, status);
  if (session === null) return;
  yield* openShare(life, session, `\\\\${server.name}\\scans`);
  yield* readFile(life, session, `scan-${random.below(1000)}.pdf`, random.between(20, 200) * 1024);
  yield* leave(life, session);
}

/** Group policy: find a domain controller, read one's place, read the policies. */
export function* groupPolicy(life: Life): Act {
  const client = someWorkstation(life);
  yield* refresh(life, machine(client), someController(life));
}

/** A computer starts: it logs on, registers its address, and gets its policies. */
export function* computerStart(life: Life): Act {
  const client = someWorkstation(life);
  const controller = someController(life);
  const { account } = client;
  account.tgt = null;
  account.tickets.clear();
  const actor = machine(client);
  yield* refresh(life, actor, controller);
  yield life.pause(100 * MILLISECOND);
  yield* dnsUpdateOf(life, client, controller);
}

function* refresh(life: Life, actor: Actor, controller: Host): Act {
  const { random, world } = life;
  yield* findAndBind(life, actor, controller);
  const session = yield* ticketSession(life, actor, controller, controller);
  yield* openShare(life, session, `\\\\${controller.dnsName}\\SysVol`);
  const policies = random.between(1, 4);
  for (let i = 0; i < policies; i++)
    yield* readFile(
      life,
      session,
      `${world.dnsDomain}\\Policies\\{${String(random.between(1, 40)).padStart(8, '0')}}\\gpt.ini`,
      random.between(60, 3000),
    );
  yield* leave(life, session);
}

// ── Attacks ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Many passwords for one account by NTLM, until it is locked. */
export function* bruteForce(life: Life): Act {
  const { account } = someUser(life);
  const actor = { account, computer: life.world.attacker };
  const controller = someController(life);
  for (let i = 0; i < 8; i++) {
    yield* ntlmSession(life, actor, controller, i < 5 ? STATUS.LOGON_FAILURE : STATUS.ACCOUNT_LOCKED_OUT);
    yield life.pause(20 * MILLISECOND);
  }
}

/** Who has sessions here (MS-SRVS 3.1.4.5), and which domains does SAM know (MS-SAMR)? */
export function* enumeration(life: Life): Act {
  const { messages, out, world } = life;
  const actor = { account: someUser(life).account, computer: world.attacker };
  const controller = someController(life);
  const session = yield* ticketSession(life, actor, controller, controller);
  session.smb.isPipe = true;
  yield* openShare(life, session, `\\\\${controller.dnsName}\\IPC$`);
  yield* openFile(life, session, 'srvsvc', 0);
  yield* bindPipe(life, session, 'srvsvc');
  yield* transceive(
    life,
    session,
    () =>
      messages.dcerpc.call(out, 2, NET_SESSION_ENUM, () => {
        out.u32le(REFERENT);
        wideString(out, `\\\\${controller.name}`);
        out
          .u32le(0)
          .u32le(0)
          .u32le(10)
          .u32le(10)
          .u32le(REFERENT + 4)
          .u32le(0)
          .u32le(0)
          .u32le(0xffff_ffff)
          .u32le(REFERENT + 8)
          .u32le(0);
      }),
    () =>
      messages.dcerpc.result(out, 2, () => {
        const users = [someUser(life), someUser(life)];
        out
          .u32le(10)
          .u32le(10)
          .u32le(REFERENT)
          .u32le(users.length)
          .u32le(REFERENT + 4)
          .u32le(users.length);
        for (let i = 0; i < users.length; i++)
          out
            .u32le(REFERENT + 8 + 8 * i)
            .u32le(REFERENT + 12 + 8 * i)
            .u32le(120)
            .u32le(7);
        for (const { account, computer } of users) {
          wideString(out, `\\\\${computer.address}`);
          wideString(out, account.name);
        }
        out
          .u32le(users.length)
          .u32le(REFERENT + 64)
          .u32le(0)
          .u32le(0);
      }),
  );
  yield* closeFile(life, session);
  yield* openFile(life, session, 'samr', 0);
  yield* bindPipe(life, session, 'samr');
  yield* samr(life, session, controller);
  yield* closeFile(life, session);
  yield* leave(life, session);
}

const NET_SESSION_ENUM = 12;
const SAMR_CLOSE = 1;
const SAMR_ENUMERATE_DOMAINS = 6;
const SAMR_CONNECT5 = 64;
/** Referents of pointers are anything but 0 (C706 14.3.10). */
const REFERENT = 0x0002_0000;

function* samr(life: Life, session: Session, controller: Host): Act {
  const { messages, out, world } = life;
  const { dcerpc } = messages;
  const handle = (): void => {
    out.u32le(0);
    out.noise(world.pool, session.smb.fileId, 16);
  };
  yield* transceive(
    life,
    session,
    () =>
      dcerpc.call(out, 2, SAMR_CONNECT5, () => {
        out.u32le(REFERENT);
        wideString(out, `\\\\${controller.dnsName}`);
        out.u32le(0x30).u32le(1).u32le(1).u32le(3).u32le(0);
      }),
    () =>
      dcerpc.result(out, 2, () => {
        out.u32le(1).u32le(1).u32le(3).u32le(0);
        handle();
        out.u32le(0);
      }),
  );
  yield* transceive(
    life,
    session,
    () =>
      dcerpc.call(out, 3, SAMR_ENUMERATE_DOMAINS, () => {
        handle();
        out.u32le(0).u32le(8192);
      }),
    () =>
      dcerpc.result(out, 3, () => {
        const domains = [world.netbiosDomain, 'Builtin'];
        out
          .u32le(0)
          .u32le(REFERENT)
          .u32le(domains.length)
          .u32le(REFERENT + 4)
          .u32le(domains.length);
        for (const [i, name] of domains.entries())
          out
            .u32le(0)
            .u16le(2 * name.length)
            .u16le(2 * name.length)
            .u32le(REFERENT + 8 + 4 * i);
        for (const name of domains) out.u32le(name.length).u32le(0).u32le(name.length).utf16(name).align(4);
        out.u32le(domains.length).u32le(0);
      }),
  );
  yield* transceive(
    life,
    session,
    () => dcerpc.call(out, 4, SAMR_CLOSE, handle),
    () => dcerpc.result(out, 4, () => out.zeros(20).u32le(0)),
  );
}

function* bindPipe(life: Life, session: Session, pipe: 'srvsvc' | 'samr'): Act {
  const { messages, out } = life;
  yield* transceive(
    life,
    session,
    () => messages.dcerpc.bind(out, 1, INTERFACES[pipe], null),
    () => messages.dcerpc.bound(out, 1, `\\PIPE\\${pipe}`, null),
    ['dcerpc 11', 'dcerpc 12'],
  );
}

function* transceive(
  life: Life,
  { tcp, smb }: Session,
  write: () => void,
  answer: () => void,
  kinds: readonly [string, string] = ['dcerpc 0', 'dcerpc 2'],
): Act {
  const { messages, out } = life;
  yield* command(
    life,
    tcp,
    COMMAND.IOCTL,
    () => messages.smb2.transceive(out, smb, write),
    () => messages.smb2.transceived(out, smb, answer),
  );
  for (const kind of kinds) life.count(kind);
}

/** Asks a domain controller for every secret, as if it were another one (MS-DRSR 4.1.10). */
export function* dcSync(life: Life): Act {
  const { messages, out, random, world } = life;
  const { dcerpc, tokens } = messages;
  const controller = someController(life);
  const actor = { account: someUser(life).account, computer: world.attacker };
  const service = spn('ldap', controller);
  const ticket = yield* ticketFor(life, actor, controller, service);
  const tcp = life.connect(actor.computer, controller, DRSUAPI_PORT);
  yield tcp.open();
  const exchange = yield* ask(
    tcp,
    () => {
      dcerpc.bind(out.clear(), 1, INTERFACES.drsuapi, () => tokens.offerTicket(out, ticket, random.next()));
      life.count('dcerpc 11');
      life.count('kerberos AP-REQ');
    },
    () => {
      dcerpc.bound(out.clear(), 1, String(DRSUAPI_PORT), () => tokens.acceptTicket(out, random.next()));
      life.count('dcerpc 12');
      life.count('kerberos AP-REP');
    },
  );
  life.succeeded('kerberos.ap', exchange, actor.account, service, 'Resource access', 'dcerpc');
  for (let call = 2; call < 8; call++) {
    const opnum = call === 2 ? DRS_BIND : DRS_GET_NC_CHANGES;
    yield* ask(
      tcp,
      () => dcerpc.sealedCall(out.clear(), call, opnum, random.between(60, 300), random.next()),
      () => dcerpc.sealedResult(out.clear(), call, random.between(100, 4000), random.next()),
    );
    life.count('dcerpc 0');
    life.count('dcerpc 2');
  }
  yield tcp.close();
}
