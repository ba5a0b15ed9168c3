// Session setups of one connection: which exchange a token belongs to, and the server's verdict on it.
import type { Context } from '../contract.ts';
import type { AuthExchange } from '../gss/exchange.ts';
import { hit } from '../limits.ts';
import { smbLimits as limits } from './limits.ts';

/** Makes the exchange that a session hands its tokens to; tests put their own here. */
export type ExchangeMaker = (carrier: string) => AuthExchange;

export class Session {
  /** SessionId of SMB2 in two halves, or UID of SMB1; both 0 until the server gave one. */
  idLow = 0;
  idHigh = 0;
  /** MessageId, or MID and PID, of the setup request that waits for its answer. */
  requestLow = 0;
  requestHigh = 0;
  waiting = false;
  /** A verdict was given: the next token begins anew (reauthentication, MS-SMB2 3.3.5.5.2). */
  judged = false;
  readonly exchange: AuthExchange;

  constructor(exchange: AuthExchange) {
    this.exchange = exchange;
  }
}

/** The connection's sessions, oldest first. */
export class Sessions {
  readonly #make: ExchangeMaker;
  readonly #carrier: string;
  readonly #sessions: Session[] = [];
  readonly #spare: Session[] = [];

  constructor(carrier: string, make: ExchangeMaker) {
    this.#carrier = carrier;
    this.#make = make;
  }

  /** A setup request with its token in [from, until). */
  request(
    idLow: number,
    idHigh: number,
    requestLow: number,
    requestHigh: number,
    bytes: Uint8Array,
    from: number,
    until: number,
    context: Context,
  ): void {
    const session = this.#byId(idLow, idHigh) ?? this.#add(idLow, idHigh, context);
    if (session.judged) {
      session.judged = false;
      session.exchange.reset();
    }
    session.waiting = true;
    session.requestLow = requestLow;
    session.requestHigh = requestHigh;
    session.exchange.token(bytes, from, until, context);
  }

  /** The session that a setup response answers; made when its request was not seen. It has the response's id from now on. */
  answered(idLow: number, idHigh: number, requestLow: number, requestHigh: number, context: Context): Session {
    const session = this.#byRequest(requestLow, requestHigh) ?? this.#byId(idLow, idHigh) ?? this.#add(idLow, idHigh, context);
    session.waiting = false;
    if (idLow !== 0 || idHigh !== 0) {
      session.idLow = idLow;
      session.idHigh = idHigh;
    }
    return session;
  }

  succeed(session: Session, isGuest: boolean, context: Context): void {
    session.judged = true;
    session.exchange.finish('success', '', context);
    // A guest is not who it claimed to be.
    if (isGuest) session.exchange.identity = null;
  }

  fail(session: Session, reason: string, context: Context): void {
    session.judged = true;
    session.exchange.finish('failure', reason, context);
    this.#remove(session);
  }

  logoff(idLow: number, idHigh: number, context: Context): void {
    const session = this.#byId(idLow, idHigh);
    if (session === null) return;
    session.exchange.abandon(context);
    this.#remove(session);
  }

  close(context: Context): void {
    for (const session of this.#sessions) {
      session.exchange.abandon(context);
      this.#spare.push(session);
    }
    this.#sessions.length = 0;
  }

  #byId(idLow: number, idHigh: number): Session | null {
    if (idLow === 0 && idHigh === 0) return null;
    for (const session of this.#sessions) if (session.idLow === idLow && session.idHigh === idHigh) return session;
    return null;
  }

  #byRequest(requestLow: number, requestHigh: number): Session | null {
    for (const session of this.#sessions)
      if (session.waiting && session.requestLow === requestLow && session.requestHigh === requestHigh) return session;
    return null;
  }

  #add(idLow: number, idHigh: number, context: Context): Session {
    const oldest = this.#sessions[0];
    if (oldest !== undefined && this.#sessions.length >= limits.sessions.value) {
      hit(limits.sessions);
      oldest.exchange.abandon(context);
      this.#remove(oldest);
    }
    const session = this.#spare.pop() ?? new Session(this.#make(this.#carrier));
    session.exchange.reset();
    session.idLow = idLow;
    session.idHigh = idHigh;
    session.waiting = false;
    session.judged = false;
    this.#sessions.push(session);
    return session;
  }

  #remove(session: Session): void {
    const at = this.#sessions.indexOf(session);
    if (at === -1) return;
    this.#sessions.splice(at, 1);
    this.#spare.push(session);
  }
}
