// Session setups of one connection: which exchange a token belongs to, and the server's verdict on it.
import { append, find, lengthOf, without } from '../chain.ts';
import type { Context } from '../contract.ts';
import { AuthExchange } from '../gss/exchange.ts';
import { hit } from '../limits.ts';
import { smbLimits as limits } from './limits.ts';
import { NAME } from './names.ts';

export class Session {
  /** SessionId of SMB2 in two halves, or UID of SMB1; both 0 until the server gave one. Signed: V8 keeps those in the object itself. */
  idLow = 0;
  idHigh = 0;
  /** MessageId, or MID and PID, of the setup request that waits for its answer. */
  requestLow = 0;
  requestHigh = 0;
  waiting = false;
  /** A verdict was given: the next token begins anew (reauthentication, MS-SMB2 3.3.5.5.2). */
  judged = false;
  /** The connection's next younger one. */
  next: Session | null = null;
  readonly exchange = new AuthExchange(NAME);
}

/** The connection's sessions. */
export class Sessions {
  #oldest: Session | null = null;

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
    session.requestLow = requestLow | 0;
    session.requestHigh = requestHigh | 0;
    session.exchange.token(bytes, from, until, context);
  }

  /** The session that a setup response answers; made when its request was not seen. It has the response's id from now on. */
  answered(idLow: number, idHigh: number, requestLow: number, requestHigh: number, context: Context): Session {
    const session = this.#byRequest(requestLow, requestHigh) ?? this.#byId(idLow, idHigh) ?? this.#add(idLow, idHigh, context);
    session.waiting = false;
    if (idLow !== 0 || idHigh !== 0) {
      session.idLow = idLow | 0;
      session.idHigh = idHigh | 0;
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
    this.#oldest = without(this.#oldest, session);
  }

  logoff(idLow: number, idHigh: number, context: Context): void {
    const session = this.#byId(idLow, idHigh);
    if (session === null) return;
    session.exchange.abandon(context);
    this.#oldest = without(this.#oldest, session);
  }

  close(context: Context): void {
    for (let session = this.#oldest; session !== null; session = session.next) session.exchange.abandon(context);
    this.#oldest = null;
  }

  #byId(idLow: number, idHigh: number): Session | null {
    if (idLow === 0 && idHigh === 0) return null;
    return find(this.#oldest, (session) => session.idLow === (idLow | 0) && session.idHigh === (idHigh | 0));
  }

  #byRequest(low: number, high: number): Session | null {
    return find(
      this.#oldest,
      (session) => session.waiting && session.requestLow === (low | 0) && session.requestHigh === (high | 0),
    );
  }

  #add(idLow: number, idHigh: number, context: Context): Session {
    if (this.#oldest !== null && lengthOf(this.#oldest) >= limits.sessions.value) {
      hit(limits.sessions);
      this.#oldest.exchange.abandon(context);
      this.#oldest = this.#oldest.next;
    }
    const session = new Session();
    session.idLow = idLow | 0;
    session.idHigh = idHigh | 0;
    this.#oldest = append(this.#oldest, session);
    return session;
  }
}
