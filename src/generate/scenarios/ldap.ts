// The directory: how computers find a domain controller, bind and read it, and what applications and attackers search for.
import type { Life } from '../life.ts';
import { MessageBuffer } from '../message-buffer.ts';
import { firstMessageId, type LdapResultCode, nextMessageId, RESULT, type Search } from '../messages/ldap.ts';
import { MILLISECOND } from '../step.ts';
import type { Tcp } from '../tcp.ts';
import type { Account, Host } from '../world.ts';
import { type Act, type Actor, ask, machine, someController, someUser, someWorkstation, spn } from './act.ts';
import { locate } from './dns.ts';
import { ticketFor } from './kerberos.ts';

const LDAP_PORT = 389;
const LDAPS_PORT = 636;
const STAFF = 'OU=Staff';
const WRONG_PASSWORD = 'invalidCredentials (data 52e, wrong password)';

/** Is this a domain controller, and of which site? (MS-ADTS 6.3.3) */
function* ping(life: Life, client: Host, controller: Host): Act {
  const { messages, out, random, world } = life;
  const id = firstMessageId(random.next());
  const exchange = yield* ask(
    life.datagrams(client, controller, LDAP_PORT),
    () => {
      messages.ldap.ping(out, id, client.name);
      life.count('cldap searchRequest');
    },
    () => {
      messages.ldap.pong(out, id, controller);
      life.count('cldap searchResEntry');
      life.count('cldap searchResDone');
    },
  );
  life.succeeded('cldap.ping', exchange, null, world.dnsDomain, 'LDAP query');
}

export function* pingScenario(life: Life): Act {
  yield* ping(life, someWorkstation(life), someController(life));
}

/** Binds with a ticket, then talks behind the security layer, as Windows does all day. */
function* sealedSession(life: Life, actor: Actor, controller: Host): Act {
  const { messages, out, random } = life;
  const service = spn('ldap', controller);
  const ticket = yield* ticketFor(life, actor, controller, service);
  const { account } = actor;
  let id = firstMessageId(random.next());
  const tcp = life.connect(actor.computer, controller, LDAP_PORT);
  yield tcp.open();
  if (random.chance(0.5)) {
    yield* rootDse(life, tcp, controller, id);
    id = nextMessageId(id);
  }
  const exchange = yield* ask(
    tcp,
    () => {
      messages.ldap.ticketBind(out, id, ticket, random.next());
      life.count('ldap bindRequest');
      life.count('kerberos AP-REQ');
    },
    () => {
      messages.ldap.ticketBound(out, id, random.next());
      life.count('ldap bindResponse');
      life.count('kerberos AP-REP');
    },
  );
  life.succeeded('kerberos.ap', exchange, account, service, 'Resource access', 'ldap');
  life.succeeded('ldap.bind', exchange, account, null, null);
  const rounds = random.between(2, 8);
  for (let i = 0; i < rounds; i++) {
    messages.ldap.sealed(out, true, random.between(120, 600), random.next());
    yield tcp.ask();
    if (i === 0) life.succeeded('ldap.sealed', { ends: tcp.ends, asked: tcp.mark, answered: null }, account, null, null);
    messages.ldap.sealed(out, false, random.between(200, 6000), random.next());
    yield tcp.answer();
  }
  // The unbindRequest is sealed as well.
  messages.ldap.sealed(out, true, 9, random.next());
  yield tcp.ask();
  yield tcp.close();
}

/** What the server can do: asked before anybody is bound. */
function* rootDse(life: Life, tcp: Tcp, controller: Host, id: number): Act {
  const { messages, out } = life;
  yield* searchOnce(life, tcp, id, ROOT_DSE, 0, null, () => {
    messages.ldap.rootDse(out, id, controller);
    life.count('ldap searchResEntry');
    messages.ldap.result(out, id, 'searchResDone', RESULT.success);
  });
}

const ROOT_DSE: Search = {
  key: 'rootDSE',
  base: '',
  isSubtree: false,
  filter: { present: 'objectClass' },
  attributes: ['defaultNamingContext', 'dnsHostName', 'supportedLDAPVersion', 'supportedSASLMechanisms'],
  page: 0,
};

/** An application binds with a password in clear, which it should not, and searches. */
export function* application(life: Life): Act {
  const { random, profile, world } = life;
  const controller = someController(life);
  const client = random.pick(world.webServers);
  const { tcp, id } = yield* simpleBind(life, client, controller, world.application, random.chance(profile.wrongPassword));
  if (id === 0) return;
  let next = id;
  const searches = random.between(1, 6);
  for (let i = 0; i < searches; i++) {
    next = random.chance(0.15)
      ? yield* paged(life, tcp, next, ALL_USERS, world.application)
      : yield* search(life, tcp, next, oneUser(world.baseDn), world.application, random.between(0, 1));
    yield life.pause(5 * MILLISECOND);
  }
  yield* leave(life, tcp, next);
}

/** A reconnaissance tool reads all that there is to know. */
export function* directoryReconnaissance(life: Life): Act {
  const { world } = life;
  const controller = someController(life);
  const { account } = someUser(life);
  const { tcp, id } = yield* simpleBind(life, world.attacker, controller, account, false);
  let next = id;
  for (const kind of [ALL_SERVICES, ALL_USERS, ALL_DELEGATIONS]) next = yield* paged(life, tcp, next, kind, account);
  yield* leave(life, tcp, next);
}

/** Binds; the id of the next message is 0 when it was refused and the connection is closed. */
function* simpleBind(
  life: Life,
  client: Host,
  controller: Host,
  account: Account,
  isWrong: boolean,
): Act<{ tcp: Tcp; id: number }> {
  const { messages, out, random, world } = life;
  const tcp = life.connect(client, controller, LDAP_PORT);
  yield tcp.open();
  const id = firstMessageId(random.next());
  const name = `${account.name}@${world.dnsDomain}`;
  const result: LdapResultCode = isWrong ? RESULT.wrongPassword : RESULT.success;
  const exchange = yield* ask(
    tcp,
    () => {
      messages.ldap.simpleBind(out, id, name, random.next());
      life.count('ldap bindRequest');
    },
    () => {
      messages.ldap.result(out.clear(), id, 'bindResponse', result);
      life.count('ldap bindResponse');
    },
  );
  const who = { name: account.name, domain: world.dnsDomain };
  if (isWrong) life.failed('ldap.bind', exchange, who, name, WRONG_PASSWORD, 'Failed logon');
  else life.succeeded('ldap.bind', exchange, who, name, 'LDAP cleartext');
  if (!isWrong) return { tcp, id: nextMessageId(id) };
  yield* leave(life, tcp, nextMessageId(id));
  return { tcp, id: 0 };
}

function* leave(life: Life, tcp: Tcp, id: number): Act {
  life.messages.ldap.unbind(life.out, id);
  life.count('ldap unbindRequest');
  yield tcp.ask();
  yield tcp.close();
}

/** A search and its answer, which `answer` appends; a `cookie` asks for the next page. */
function* searchOnce(
  life: Life,
  tcp: Tcp,
  id: number,
  kind: Search,
  cookie: number,
  account: Account | null,
  answer: () => void,
): Act {
  const { messages, out, world } = life;
  const exchange = yield* ask(
    tcp,
    () => {
      messages.ldap.search(out, id, kind, cookie);
      life.count('ldap searchRequest');
    },
    () => {
      out.clear();
      answer();
      life.count('ldap searchResDone');
    },
  );
  const who = account === null ? null : { name: account.name, domain: world.dnsDomain };
  life.succeeded('ldap.search', exchange, who, kind.base || null, 'LDAP query');
}

/** Appends entries of users. */
function entries(life: Life, id: number, count: number): void {
  const { messages, out } = life;
  for (let i = 0; i < count; i++) {
    messages.ldap.entry(out, id, someUser(life).account.name, STAFF);
    life.count('ldap searchResEntry');
  }
}

/** A search whose answer comes at once; gives the next message's id. */
function* search(life: Life, tcp: Tcp, id: number, kind: Search, account: Account, found: number): Act<number> {
  const { messages, out } = life;
  yield* searchOnce(life, tcp, id, kind, 0, account, () => {
    entries(life, id, found);
    messages.ldap.result(out, id, 'searchResDone', RESULT.success);
  });
  return nextMessageId(id);
}

/** A search by pages (RFC 2696): each page is a search of its own. */
function* paged(life: Life, tcp: Tcp, first: number, kind: Search, account: Account): Act<number> {
  const { messages, out, random, world } = life;
  const based = { ...kind, base: world.baseDn };
  const pages = random.between(1, 4);
  let id = first;
  let cookie = 0;
  for (let page = 1; page <= pages; page++) {
    const given = page < pages ? random.next() >>> 1 || 1 : 0;
    yield* searchOnce(life, tcp, id, based, cookie, account, () => {
      entries(life, id, page < pages ? kind.page : random.between(1, kind.page));
      messages.ldap.pageDone(out, id, given);
    });
    cookie = given;
    id = nextMessageId(id);
  }
  return id;
}

const ATTRIBUTES = ['sAMAccountName', 'userPrincipalName', 'memberOf', 'userAccountControl'];
const oneUser = (base: string): Search => ({
  key: 'user',
  base,
  isSubtree: true,
  filter: { and: [{ equal: ['objectCategory', 'person'] }, { equal: ['sAMAccountName', 'someone'] }] },
  attributes: ATTRIBUTES,
  page: 0,
});
const ALL_USERS: Search = {
  key: 'users',
  base: '',
  isSubtree: true,
  filter: { and: [{ equal: ['objectCategory', 'person'] }, { equal: ['objectClass', 'user'] }] },
  attributes: ATTRIBUTES,
  page: 25,
};
const ALL_SERVICES: Search = {
  ...ALL_USERS,
  key: 'services',
  filter: {
    and: [
      { equal: ['samAccountType', '805306368'] },
      { present: 'servicePrincipalName' },
      { not: { equal: ['samAccountName', 'krbtgt'] } },
    ],
  },
};
const ALL_DELEGATIONS: Search = {
  ...ALL_USERS,
  key: 'delegations',
  filter: { or: [{ present: 'msDS-AllowedToDelegateTo' }, { present: 'msDS-AllowedToActOnBehalfOfOtherIdentity' }] },
};

/** A bind with NTLM, where Kerberos did not work; a third of them with a stale password. */
export function* ntlmBind(life: Life): Act {
  const { messages, out, random, world } = life;
  const controller = someController(life);
  const { account, computer } = someUser(life);
  const isWrong = random.chance(0.3);
  const id = firstMessageId(random.next());
  const second = nextMessageId(id);
  const inner = new MessageBuffer();
  const tcp = life.connect(computer, controller, LDAP_PORT);
  yield tcp.open();
  const first = yield* ask(
    tcp,
    () => {
      messages.ntlm.negotiate(inner);
      messages.ldap.ntlmBind(out, id, 'negotiate', inner);
      life.count('ldap bindRequest');
      life.count('ntlm 1');
    },
    () => {
      messages.ntlm.challenge(inner, controller, random.next());
      messages.ldap.ntlmBind(out, id, 'challenge', inner);
      life.count('ldap bindResponse');
      life.count('ntlm 2');
    },
  );
  const target = spn('ldap', controller);
  const exchange = yield* ask(
    tcp,
    () => {
      const logon = { user: account.name, domain: world.netbiosDomain, workstation: computer.name, target };
      messages.ntlm.authenticate(inner, controller, logon, random.next());
      messages.ldap.ntlmBind(out, second, 'authenticate', inner);
      life.count('ldap bindRequest');
      life.count('ntlm 3');
    },
    () => {
      if (isWrong) messages.ldap.result(out.clear(), second, 'bindResponse', RESULT.wrongPassword);
      else messages.ldap.ntlmBound(out, second);
      life.count('ldap bindResponse');
    },
  );
  // A SASL bind counts from its first step on.
  const bind = { ...exchange, asked: first.asked };
  if (isWrong) {
    life.failed('ntlm.logon', exchange, account.netbios, target, WRONG_PASSWORD, 'Failed logon', 'ldap');
    life.failed('ldap.bind', bind, account.netbios, null, WRONG_PASSWORD, 'Failed logon');
  } else {
    life.succeeded('ntlm.logon', exchange, account.netbios, target, 'Credentials validation', 'ldap');
    life.succeeded('ldap.bind', bind, account.netbios, null, null);
  }
  yield tcp.close();
}

/** LDAP over TLS: a listener hears whom it is for, and then nothing. */
export function* ldaps(life: Life): Act {
  const { messages, out, random, world } = life;
  const controller = someController(life);
  const tcp = life.connect(random.pick(world.webServers), controller, LDAPS_PORT);
  yield tcp.open();
  messages.tls.clientHello(out, controller.dnsName, random.next());
  yield tcp.ask();
  life.succeeded('ldap.tls', { ends: tcp.ends, asked: tcp.mark, answered: null }, null, controller.dnsName, null);
  messages.tls.serverHello(out, random.next());
  yield tcp.answer();
  messages.tls.clientFinished(out, random.next());
  yield tcp.ask();
  const rounds = random.between(1, 8);
  for (let i = 0; i < rounds; i++) {
    messages.tls.data(out, random.between(80, 400), random.next());
    yield tcp.ask();
    messages.tls.data(out, random.between(100, 8000), random.next());
    yield tcp.answer();
  }
  yield tcp.close();
}

/** Finding a domain controller and reading one's own place in the directory. */
export function* findAndBind(life: Life, actor: Actor, controller: Host): Act {
  yield* locate(life, actor.computer, controller, '_ldap');
  yield* ping(life, actor.computer, controller);
  yield* sealedSession(life, actor, controller);
}

export function* sealedScenario(life: Life): Act {
  const actor = life.random.chance(0.5) ? machine(someWorkstation(life)) : someUser(life);
  yield* sealedSession(life, actor, someController(life));
}
