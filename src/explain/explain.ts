// `adtap explain FILE --frame N`: what one frame is, and every field of each message that it completes. Runs the pipeline up to
// that frame in this thread, because a message may have begun in earlier ones.
import type { Claim, Said } from '../activity/rows.ts';
import { END, FRAME, KIND, MESSAGE, START } from '../activity/rows.ts';
import { isoTime } from '../activity/time.ts';
import { findFrame } from '../capture/frames.ts';
import { openCapture } from '../capture/open.ts';
import { AdtapError } from '../errors.ts';
import { formatAddress } from '../ip/address.ts';
import { Packet } from '../ip/packet.ts';
import { TCP_OR_UDP, VERDICTS } from '../ip/verdict.ts';
import { Merger, type OrderedReader } from '../order/merge.ts';
import { explainKerberos } from '../schemas/kerberos.ts';
import { explainLdap } from '../schemas/ldap.ts';
import { EVERYTHING, Gate } from '../shard/gate.ts';
import { CounterBlocks } from '../slots/counters.ts';
import { DEFAULT_SHAPE } from '../slots/layout.ts';
import { allocateRing, Ring } from '../slots/ring.ts';
import { BYTES, counterMap, FILTERED, GATE_ENDS } from '../worker/catalogue.ts';
import { Shard } from '../worker/shard.ts';

/** A message that the frame completes: what `--emit messages` says, and every field by the schema where there is one. */
export interface ExplainedMessage {
  readonly said: Readonly<Record<string, unknown>>;
  readonly schema: unknown;
}

export interface Explanation {
  readonly frame: number;
  readonly time: string;
  readonly capturedBytes: number;
  readonly originalBytes: number;
  readonly linktype: number;
  readonly verdict: string;
  readonly source: string | null;
  readonly destination: string | null;
  readonly transport: Readonly<Record<string, number>> | null;
  readonly messages: readonly ExplainedMessage[];
}

/** Explains frame `number` (1-based) of the captures. Rejects with ADTAP_E_NO_SUCH_FRAME beyond their end. */
export async function explain(files: readonly string[], number: number): Promise<Explanation> {
  const found = await findFrame(files, number);
  const packet = new Packet();
  const verdict = packet.walk(found.bytes, 0, found.bytes.length, found.linktype);
  const hasIp = packet.version !== 0;
  const length = packet.version === 4 ? 4 : 16;
  const isTcp = packet.protocol === 6;
  return {
    frame: number,
    time: isoTime(found.seconds, found.nanoseconds),
    capturedBytes: found.bytes.length,
    originalBytes: found.wirelen,
    linktype: found.linktype,
    verdict: VERDICTS[verdict]?.label ?? String(verdict),
    source: hasIp ? formatAddress(found.bytes, packet.source, length) : null,
    destination: hasIp ? formatAddress(found.bytes, packet.destination, length) : null,
    transport:
      verdict === TCP_OR_UDP
        ? {
            protocol: packet.protocol,
            sourcePort: packet.sourcePort,
            destinationPort: packet.destinationPort,
            payloadBytes: packet.end - packet.payload,
            ...(isTcp ? { sequence: packet.sequence, acknowledgment: packet.acknowledgment, flags: packet.flags } : {}),
          }
        : null,
    messages: await messagesOf(files, number),
  };
}

async function messagesOf(files: readonly string[], number: number): Promise<ExplainedMessage[]> {
  const shape = { ...DEFAULT_SHAPE, slots: 1, shards: 1 };
  const ring = new Ring(allocateRing(shape));
  const counters = new CounterBlocks(counterMap, 2);
  const gate = new Gate(shape, { ...EVERYTHING, limit: number }, null, {
    block: counters.block(0),
    verdicts: counterMap.offset(GATE_ENDS),
    filtered: counterMap.offset(FILTERED),
    bytes: counterMap.offset(BYTES),
  });
  const settings = {
    shard: 0,
    shards: 1,
    messages: true,
    activities: false,
    sensor: 'adtap',
    runKey: new Uint8Array(16),
    limits: {},
  };
  const schemas: unknown[] = [];
  const shard = new Shard(settings, counters.block(1), (frame, protocol, bytes, start, end) => {
    if (frame === number) schemas.push(bySchema(protocol, bytes.slice(start, end)));
  });
  const lines = new LinesOfFrame(number);
  const merger = new Merger(1, lines);
  const source = await openCapture(files);
  try {
    for (let sequence = 0, more = true; more; sequence++) {
      const slot = ring.slot(0);
      gate.begin(slot);
      more = (await source.fill(gate)) && !gate.full;
      // The capture goes on behind the frame: flows are not ended here.
      gate.end(false);
      merger.take(shard.read(slot, sequence, gate.frame));
    }
  } finally {
    await source.close();
  }
  return lines.found.map((said, index) => ({ said, schema: schemas[index] ?? null }));
}

class LinesOfFrame implements OrderedReader {
  readonly found: Record<string, unknown>[] = [];
  readonly #frame: number;

  constructor(frame: number) {
    this.#frame = frame;
  }

  claim(_claim: Claim): void {}

  line({ rows, lines }: Said, row: number): void {
    if (rows[row + KIND] !== MESSAGE || rows[row + FRAME] !== this.#frame) return;
    this.found.push(
      JSON.parse(Buffer.from(lines.subarray(rows[row + START], rows[row + END])).toString('utf8')) as Record<string, unknown>,
    );
  }
}

function bySchema(protocol: string, bytes: Uint8Array): unknown {
  try {
    if (protocol === 'kerberos') return explainKerberos(bytes);
    return protocol === 'ldap' || protocol === 'cldap' ? explainLdap(bytes) : null;
  } catch (error) {
    return { malformed: error instanceof AdtapError ? error.code : (error as Error).message };
  }
}
