// Traffic that says nothing of identities: TLS to the world outside. A sensor lets it pass.
import type { Life } from '../life.ts';
import { TYPE } from '../messages/dns.ts';
import { MILLISECOND } from '../step.ts';
import { type Act, someController, someWorkstation } from './act.ts';
import { lookUp } from './dns.ts';

const HTTPS_PORT = 443;

export function* webBrowsing(life: Life): Act {
  const { messages, out, random, world } = life;
  const client = someWorkstation(life);
  const site = random.pick(world.outside);
  if (random.chance(0.3))
    yield* lookUp(life, client, someController(life), { name: site.dnsName, type: TYPE.A, answers: [{ ip: site.ip }] });
  const tcp = life.connect(client, site, HTTPS_PORT);
  yield tcp.open();
  messages.tls.clientHello(out, site.dnsName, random.next());
  yield tcp.ask();
  messages.tls.serverHello(out, random.next());
  yield tcp.answer();
  messages.tls.clientFinished(out, random.next());
  yield tcp.ask();
  const requests = random.between(1, 12);
  for (let i = 0; i < requests; i++) {
    messages.tls.data(out, random.between(100, 900), random.next());
    yield tcp.ask();
    messages.tls.data(out, random.between(300, 16_000), random.next());
    yield tcp.answer();
    yield life.pause(40 * MILLISECOND);
  }
  if (random.chance(0.1)) yield tcp.reset(1);
  else yield tcp.close();
}
