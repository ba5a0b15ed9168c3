// The lines as types, for those who read them in TypeScript. The JSON Schema (`adtap schema`) says the same and more.
import type { AccountKind, Outcome, Transport } from '../protocols/contract.ts';

/** One end of an activity. */
export interface EndpointLine {
  readonly ip: string;
  readonly port: number;
  /** Computer that had the address at that time, if known. */
  readonly computer: string | null;
  /** How certain that is; left out where it is not known. */
  readonly certainty?: 'high' | 'low';
}

export interface AccountLine {
  readonly name: string;
  readonly domain: string;
  readonly kind: AccountKind;
  /** How the account is known when the packets of the activity did not name it. */
  readonly via?: 'ticket' | 'session';
}

/** A finished transaction; docs/events.md explains every type and field. */
export interface ActivityLine {
  readonly v: 1;
  readonly kind: 'activity';
  readonly type: string;
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  readonly frame: number;
  readonly sensor: string;
  readonly protocol: string;
  readonly carrier: string | null;
  readonly transport: Transport;
  readonly source: EndpointLine;
  readonly destination: EndpointLine;
  readonly account: AccountLine | null;
  readonly target: string | null;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly durationMs: number | null;
  readonly mdi: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Something that outlives packets, first seen or changed. */
export interface EntityLine {
  readonly v: 1;
  readonly kind: 'entity';
  readonly type: 'computer' | 'user' | 'address' | 'service' | 'session' | 'resolution';
  readonly time: string;
  readonly frame: number;
  readonly sensor: string;
  readonly id: string;
  readonly evidence: { readonly method: string; readonly frame: number };
  readonly [key: string]: unknown;
}

/** A decoded message (`emit: ['messages']`). */
export interface MessageLine {
  readonly frame: number;
  readonly proto: string;
  readonly src: string;
  readonly sport: number;
  readonly dst: string;
  readonly dport: number;
  readonly kind?: undefined;
  readonly [key: string]: unknown;
}

export type Line = ActivityLine | EntityLine | MessageLine;
