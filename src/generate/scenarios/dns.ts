// Names: look-ups of hosts and services, updates, multicast questions, and zone transfers that are refused.
import { multicast } from '../frames.ts';
import type { Life } from '../life.ts';
import {
  type Answer,
  dnsAnswer,
  dnsNegative,
  dnsQuery,
  dnsUpdate,
  dnsUpdated,
  framed,
  RCODE,
  type Rcode,
  reverseName,
  TYPE,
} from '../messages/dns.ts';
import { MILLISECOND } from '../step.ts';
import type { Exchange } from '../truth.ts';
import { type Host, nextPort } from '../world.ts';
import { type Act, ask, askOnce, someController, someWorkstation } from './act.ts';

const DNS_PORT = 53;
const LLMNR_PORT = 5355;
const MDNS_PORT = 5353;
const SSDP_PORT = 1900;
const LLMNR = { address: '224.0.0.252', group: multicast(0xe000_00fc) } as const;
const MDNS = { address: '224.0.0.251', group: multicast(0xe000_00fb) } as const;
const SSDP = { address: '239.255.255.250', group: multicast(0xefff_fffa) } as const;
const KERBEROS_PORT = 88;
const LDAP_PORT = 389;
/** Types that Defender for Identity counts as DNS queries worth an activity. */
const TOLD: ReadonlySet<number> = new Set([TYPE.SRV, TYPE.AXFR, TYPE.ANY]);

interface Lookup {
  readonly name: string;
  readonly type: number;
  /** null: there is no such name. */
  readonly answers: readonly Answer[] | null;
}

/** A question by UDP, and its answer. */
export function* lookUp(life: Life, client: Host, controller: Host, { name, type, answers }: Lookup): Act {
  const { out, random, world } = life;
  const id = random.below(0x1_0000);
  const exchange = yield* ask(
    life.datagrams(client, controller, DNS_PORT),
    () => {
      dnsQuery(out, id, name, type);
      life.count('dns query');
    },
    () => {
      if (answers === null) dnsNegative(out, id, name, type, RCODE.NXDOMAIN, world.dnsDomain);
      else dnsAnswer(out, id, name, type, answers);
      life.count('dns response');
    },
  );
  expectQuery(life, exchange, 'dns.query', name, type, answers === null ? RCODE.NXDOMAIN : RCODE.NOERROR);
}

function expectQuery(life: Life, exchange: Exchange, type: string, target: string, kind: number, [code, reason]: Rcode): void {
  const mdi = TOLD.has(kind) ? 'DNS query' : null;
  if (code === 0) life.succeeded(type, exchange, null, target, mdi);
  else life.failed(type, exchange, null, target, reason, mdi);
}

/** What a computer looks up all day. */
export function* dnsLookup(life: Life): Act {
  const { random, world } = life;
  const client = someWorkstation(life);
  const controller = someController(life);
  const kind = random.unit();
  const server = random.pick(kind < 0.5 ? world.fileServers : world.outside);
  if (kind < 0.62) {
    yield* lookUp(life, client, controller, { name: server.dnsName, type: TYPE.A, answers: [{ ip: server.ip }] });
    if (random.chance(0.6))
      yield* lookUp(life, client, controller, {
        name: server.dnsName,
        type: TYPE.AAAA,
        answers: random.chance(0.5) ? [{ ip: server.ip }] : [],
      });
  } else if (kind < 0.78) yield* locate(life, client, controller, random.chance(0.5) ? '_ldap' : '_kerberos');
  else if (kind < 0.88)
    yield* lookUp(life, client, controller, {
      name: reverseName(server.ip),
      type: TYPE.PTR,
      answers: [{ host: server.dnsName }],
    });
  else
    yield* lookUp(life, client, controller, { name: `wpad${random.below(9)}.${world.dnsDomain}`, type: TYPE.A, answers: null });
}

/** Where are the domain controllers? (MS-ADTS 6.3.2.3) */
export function* locate(life: Life, client: Host, controller: Host, service: '_ldap' | '_kerberos'): Act {
  const { world } = life;
  yield* lookUp(life, client, controller, {
    name: `${service}._tcp.${world.site}._sites.dc._msdcs.${world.dnsDomain}`,
    type: TYPE.SRV,
    answers: world.controllers
      .slice(0, 4)
      .map(({ dnsName }) => ({ host: dnsName, port: service === '_ldap' ? LDAP_PORT : KERBEROS_PORT })),
  });
}

/** A client registers its address; a zone for secure updates only refuses what is not signed. */
export function* dnsUpdateOf(life: Life, client: Host, controller: Host): Act {
  const { out, random, world } = life;
  const id = random.below(0x1_0000);
  const rcode = random.chance(0.3) ? RCODE.REFUSED : RCODE.NOERROR;
  const exchange = yield* ask(
    life.datagrams(client, controller, DNS_PORT),
    () => {
      dnsUpdate(out, id, world.dnsDomain, client.dnsName, client.ip);
      life.count('dns query');
    },
    () => {
      dnsUpdated(out, id, world.dnsDomain, rcode);
      life.count('dns response');
    },
  );
  expectQuery(life, exchange, 'dns.update', world.dnsDomain, TYPE.SOA, rcode);
}

export function* dnsUpdateScenario(life: Life): Act {
  yield* dnsUpdateOf(life, someWorkstation(life), someController(life));
}

/** Questions to the neighbours that nobody answers where a sensor hears it. */
export function* localNames(life: Life): Act {
  const { out, random, world } = life;
  const client = someWorkstation(life);
  const name = `printer${random.between(1, 40)}`;
  const id = random.below(0x1_0000);
  for (const [protocol, port, { address, group }, text] of [
    ['llmnr', LLMNR_PORT, LLMNR, name],
    ['mdns', MDNS_PORT, MDNS, `${name}.local`],
  ] as const) {
    const flow = life.announce(client, group, address, protocol === 'mdns' ? MDNS_PORT : nextPort(client), port);
    dnsQuery(out, protocol === 'mdns' ? 0 : id, text, TYPE.A, false);
    life.count(`${protocol} query`);
    yield flow.ask();
    life.unanswered(`${protocol}.query`, { ends: flow.ends, asked: flow.mark, answered: null }, null, text, null);
    yield life.pause(100 * MILLISECOND);
  }
  out
    .clear()
    .ascii(
      `M-SEARCH * HTTP/1.1\r\nHOST: ${SSDP.address}:${SSDP_PORT}\r\nST: upnp:rootdevice\r\nMAN: "ssdp:discover"\r\nMX: 3\r\n\r\n`,
    );
  yield life.announce(client, SSDP.group, SSDP.address, nextPort(client), SSDP_PORT).ask();
  // The computer tries its domain as well.
  yield* lookUp(life, client, someController(life), { name: `${name}.${world.dnsDomain}`, type: TYPE.A, answers: null });
}

/** The whole zone, please. */
export function* zoneTransfer(life: Life): Act {
  const { out, random, world } = life;
  const id = random.below(0x1_0000);
  const { dnsDomain } = world;
  const exchange = yield* askOnce(
    life,
    world.attacker,
    someController(life),
    DNS_PORT,
    () => {
      dnsQuery(out, id, dnsDomain, TYPE.AXFR, false);
      framed(out);
      life.count('dns query');
    },
    () => {
      dnsNegative(out, id, dnsDomain, TYPE.AXFR, RCODE.REFUSED, dnsDomain);
      framed(out);
      life.count('dns response');
    },
  );
  expectQuery(life, exchange, 'dns.transfer', dnsDomain, TYPE.AXFR, RCODE.REFUSED);
}

/** A datagram each way. */
export function* shortLookup(life: Life): Act {
  const { random, world } = life;
  const server = random.pick(world.fileServers);
  yield* lookUp(life, someWorkstation(life), someController(life), {
    name: server.dnsName,
    type: TYPE.A,
    answers: [{ ip: server.ip }],
  });
}
