// Tickets: logons with their mistakes, service tickets, and what attackers ask for.
import type { Life } from '../life.ts';
import { AES256, KDC_ERR, type KdcError, RC4 } from '../messages/kerberos.ts';
import { MILLISECOND, SECOND } from '../step.ts';
import type { Exchange } from '../truth.ts';
import type { Account, Host, Ticket } from '../world.ts';
import { type Act, type Actor, ask, askOnce, someController, someUser, spn } from './act.ts';

const KDC_PORT = 88;
/** How long a ticket lives, in nanoseconds: MaxTicketAge of the default domain policy. */
const TICKET_LIFE = 36_000 * SECOND;
/** Share of first AS-REQs that go by UDP, as clients older than Windows Vista and many tools send them. */
const UDP_SHARE = 0.15;

interface AsQuestion {
  readonly computer: Host;
  readonly controller: Host;
  readonly name: string;
  /** The account that the name means; null when there is none. */
  readonly account: Account | null;
  readonly proof?: 'none' | 'timestamp';
  readonly weak?: boolean;
  readonly udp?: boolean;
}

/** An AS exchange; gives the ticket, or null when `error` was the answer. */
function* logOn(life: Life, question: AsQuestion, error: KdcError | null): Act<Ticket | null> {
  const { messages, out, world, random } = life;
  const { computer, controller, name, account, proof = 'none', weak = false, udp = false } = question;
  const krbtgt = `krbtgt/${world.realm}`;
  const ticket =
    error === null && account !== null ? world.issue(account, krbtgt, weak ? RC4 : AES256, life.now + TICKET_LIFE) : null;
  const write = (): void => {
    messages.kerberos.asRequest(out, !udp, { name, computer: computer.name, proof, weak }, random.next());
    life.count('kerberos AS-REQ');
  };
  const answer = (): void => {
    if (ticket !== null) messages.kerberos.asReply(out, !udp, ticket, random.next());
    else messages.kerberos.error(out, !udp, error ?? KDC_ERR.C_PRINCIPAL_UNKNOWN, krbtgt, account, life.now);
    life.count(ticket === null ? 'kerberos KRB-ERROR' : 'kerberos AS-REP');
  };
  const exchange = udp
    ? yield* ask(life.datagrams(computer, controller, KDC_PORT), write, answer)
    : yield* askOnce(life, computer, controller, KDC_PORT, write, answer);
  if (ticket !== null) world.keep(ticket);
  const who = account !== null && account.name === name ? account : { name, domain: world.realm };
  if (ticket !== null) life.succeeded('kerberos.as', exchange, who, krbtgt, 'Interactive logon');
  else {
    const [, reason] = error ?? KDC_ERR.C_PRINCIPAL_UNKNOWN;
    // That a proof is asked for is a step of every logon.
    life.failed('kerberos.as', exchange, who, krbtgt, reason, error === KDC_ERR.PREAUTH_REQUIRED ? null : 'Failed logon');
  }
  return ticket;
}

/** The account's ticket-granting ticket; asked for when it has none: first without proof, then with it. */
function* tgtOf(life: Life, { account, computer }: Actor, controller: Host): Act<Ticket> {
  const held = account.tgt;
  if (held !== null && held.until > life.now) return held;
  const question = { computer, controller, name: account.name, account };
  yield* logOn(life, { ...question, udp: life.random.chance(UDP_SHARE) }, KDC_ERR.PREAUTH_REQUIRED);
  return (yield* logOn(life, { ...question, proof: 'timestamp' }, null)) as Ticket;
}

/** A ticket of a service; asked for when the account has none. */
export function* ticketFor(life: Life, actor: Actor, controller: Host, service: string, weak = false): Act<Ticket> {
  const held = actor.account.tickets.get(service);
  if (held !== undefined && held.until > life.now) return held;
  const tgt = yield* tgtOf(life, actor, controller);
  const { world } = life;
  const ticket = world.issue(actor.account, service, weak ? RC4 : AES256, life.now + TICKET_LIFE);
  yield* ticketExchange(life, actor, controller, tgt, service, weak, ticket);
  world.keep(ticket);
  return ticket;
}

/** A TGS exchange; refused when there is no ticket to be had. */
function* ticketExchange(
  life: Life,
  { account, computer }: Actor,
  controller: Host,
  tgt: Ticket,
  service: string,
  weak: boolean,
  ticket: Ticket | null,
): Act {
  const { messages, out, random } = life;
  const exchange: Exchange = yield* askOnce(
    life,
    computer,
    controller,
    KDC_PORT,
    () => {
      messages.kerberos.tgsRequest(out, true, tgt, service, weak, random.next());
      life.count('kerberos TGS-REQ');
      life.count('kerberos AP-REQ');
    },
    () => {
      if (ticket !== null) messages.kerberos.tgsReply(out, true, ticket, random.next());
      else messages.kerberos.error(out, true, KDC_ERR.S_PRINCIPAL_UNKNOWN, service, null, life.now);
      life.count(ticket === null ? 'kerberos KRB-ERROR' : 'kerberos TGS-REP');
    },
  );
  if (ticket !== null) life.succeeded('kerberos.tgs', exchange, account, service, 'Resource access');
  else life.failed('kerberos.tgs', exchange, account, service, KDC_ERR.S_PRINCIPAL_UNKNOWN[1], null);
}

/** A user sits down and logs on, with the profile's mistakes, and gets a ticket for the computer and another service. */
export function* userLogon(life: Life): Act {
  const { random, profile, world } = life;
  const { account, computer } = someUser(life);
  const controller = someController(life);
  const question = { computer, controller, name: account.name, account };
  if (random.chance(profile.unknown)) {
    yield* logOn(life, { ...question, name: `${account.name}e`, account: null }, KDC_ERR.C_PRINCIPAL_UNKNOWN);
    yield life.pause(2 * SECOND);
  }
  if (random.chance(profile.locked)) {
    yield* logOn(life, question, KDC_ERR.CLIENT_REVOKED);
    return;
  }
  yield* logOn(life, { ...question, udp: random.chance(UDP_SHARE) }, KDC_ERR.PREAUTH_REQUIRED);
  if (random.chance(profile.wrongPassword)) {
    yield* logOn(life, { ...question, proof: 'timestamp' }, KDC_ERR.PREAUTH_FAILED);
    yield life.pause(3 * SECOND);
    yield* logOn(life, question, KDC_ERR.PREAUTH_REQUIRED);
  }
  yield* logOn(life, { ...question, proof: 'timestamp' }, null);
  const actor = { account, computer };
  yield* ticketFor(life, actor, controller, spn('host', computer));
  yield life.pause(20 * MILLISECOND);
  yield* ticketFor(life, actor, controller, random.pick(world.services).spn);
}

/** Somebody who is logged on goes to a service, now and then to one that there is not. */
export function* serviceTicket(life: Life): Act {
  const { random, world } = life;
  const { account, computer } = someUser(life);
  const controller = someController(life);
  const actor = { account, computer };
  if (random.chance(0.03)) {
    const tgt = yield* tgtOf(life, actor, controller);
    yield* ticketExchange(life, actor, controller, tgt, `HTTP/old-${random.between(10, 99)}.${world.dnsDomain}`, false, null);
    return;
  }
  const { spn: service, weak } = random.pick(world.services);
  // Tickets run out, are purged, or belong to another logon session: the same are asked for again.
  account.tickets.delete(service);
  yield* ticketFor(life, actor, controller, service, weak);
}

// ── Attacks ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One password for many accounts. */
export function* passwordSpray(life: Life): Act {
  const { random, world } = life;
  const computer = world.attacker;
  const controller = someController(life);
  const first = random.below(world.users.length);
  for (let i = 0; i < 25; i++) {
    const { account } = world.users[(first + i) % world.users.length] as { account: Account };
    const hit = random.chance(0.02);
    yield* logOn(
      life,
      { computer, controller, name: account.name, account, proof: 'timestamp' },
      hit ? null : KDC_ERR.PREAUTH_FAILED,
    );
    yield life.pause(30 * MILLISECOND);
  }
}

/** Which of these names are accounts? */
export function* accountEnumeration(life: Life): Act {
  const { random, world } = life;
  const computer = world.attacker;
  const controller = someController(life);
  for (let i = 0; i < 40; i++) {
    const known = random.chance(0.15);
    const { account } = someUser(life);
    const name = known ? account.name : `guess${random.between(1000, 9999)}`;
    yield* logOn(
      life,
      { computer, controller, name, account: known ? account : null, udp: true },
      known ? KDC_ERR.PREAUTH_REQUIRED : KDC_ERR.C_PRINCIPAL_UNKNOWN,
    );
    yield life.pause(4 * MILLISECOND);
  }
}

/** Accounts without pre-authentication give away what can be cracked. */
export function* asRepRoasting(life: Life): Act {
  const { world } = life;
  const controller = someController(life);
  for (const { account } of world.withoutPreauth.slice(0, 12)) {
    yield* logOn(life, { computer: world.attacker, controller, name: account.name, account, weak: true }, null);
    yield life.pause(10 * MILLISECOND);
  }
}

/** So do tickets of services that run under user accounts. */
export function* kerberoasting(life: Life): Act {
  const { world } = life;
  const controller = someController(life);
  const actor = { account: someUser(life).account, computer: world.attacker };
  const tgt = yield* tgtOf(life, actor, controller);
  for (const { spn: service, weak } of world.services) {
    if (!weak) continue;
    const ticket = world.issue(actor.account, service, RC4, life.now + TICKET_LIFE);
    yield* ticketExchange(life, actor, controller, tgt, service, true, ticket);
    yield life.pause(10 * MILLISECOND);
  }
}

// ── Small packets ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A datagram each way: the least that an activity takes. */
export function* datagramLogon(life: Life): Act {
  const { account, computer } = someUser(life);
  yield* logOn(
    life,
    { computer, controller: someController(life), name: account.name, account, udp: true },
    KDC_ERR.PREAUTH_REQUIRED,
  );
}
