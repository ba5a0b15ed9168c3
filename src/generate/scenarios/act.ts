// Words that scenarios are made of: who acts, and one question with its answer.
import type { Datagram } from '../datagram.ts';
import type { Life } from '../life.ts';
import type { Step } from '../step.ts';
import type { Tcp } from '../tcp.ts';
import type { Exchange } from '../truth.ts';
import type { Account, Host, User } from '../world.ts';

/** A part of a script that gives something back. */
export type Act<T = void> = Generator<Step, T, void>;

export const someController = ({ random, world }: Life): Host => random.pick(world.controllers);
export const someUser = ({ random, world }: Life): User => random.pick(world.users);
export const someWorkstation = ({ random, world }: Life): Host => random.pick(world.workstations);

/** Who acts on a computer. */
export interface Actor {
  readonly account: Account;
  readonly computer: Host;
}
export const machine = (computer: Host): Actor => ({ account: computer.account, computer });

export const spn = (service: string, host: Host): string => `${service}/${host.dnsName}`;

/** A message each way, on a connection or a flow that is there. `write` and `answer` fill `out`. */
export function* ask(way: Tcp | Datagram, write: () => void, answer: () => void): Act<Exchange> {
  write();
  yield way.ask();
  const asked = way.mark;
  answer();
  yield way.answer();
  return { ends: way.ends, asked, answered: way.mark };
}

/** A message each way on a connection of its own. */
export function* askOnce(
  life: Life,
  client: Host,
  server: Host,
  port: number,
  write: () => void,
  answer: () => void,
): Act<Exchange> {
  const tcp = life.connect(client, server, port);
  yield tcp.open();
  const exchange = yield* ask(tcp, write, answer);
  yield tcp.close();
  return exchange;
}
