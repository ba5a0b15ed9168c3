// Frames one by one, for `adtap explain` and for tests: the same readers as a replay's, without slots.
import { AdtapError } from '../errors.ts';
import { openCapture } from './open.ts';
import { PacketList } from './packet-list.ts';

const LIST_BYTES = 1 << 20;
const LIST_PACKETS = 8192;

/** One frame and its own copy of the bytes. */
export interface Frame {
  /** From 1, in the order in which a replay of the same files numbers them. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Length on the wire; `bytes` may be shorter. */
  readonly wirelen: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly linktype: number;
}

/** All frames of the files. Rejects as openCapture() does; `onWarning` gets the source's warnings at its end. */
export async function* framesOf(
  paths: readonly string[],
  onWarning: (warning: string) => void = () => undefined,
): AsyncGenerator<Frame, void> {
  let number = 0;
  for await (const packets of batchesOf(paths, onWarning))
    for (; !packets.empty; packets.next()) yield frameAt(packets, ++number);
}

/** Frame `wanted` of the files. Rejects with ADTAP_E_NO_SUCH_FRAME when they have fewer. */
export async function findFrame(paths: readonly string[], wanted: number): Promise<Frame> {
  let number = 0;
  for await (const packets of batchesOf(paths, () => undefined))
    for (; !packets.empty; packets.next()) if (++number === wanted) return frameAt(packets, number);
  throw new AdtapError(
    'ADTAP_E_NO_SUCH_FRAME',
    `${paths.join(', ')}: there is no frame ${wanted}: frames are numbered 1 to ${number}`,
  );
}

/** The packets of the files, by the listful: the same list each time. Closes the files when it is left. */
async function* batchesOf(paths: readonly string[], onWarning: (warning: string) => void): AsyncGenerator<PacketList, void> {
  const source = await openCapture(paths);
  try {
    const packets = new PacketList(LIST_BYTES, LIST_PACKETS);
    for (let more = true; more; ) {
      packets.clear();
      more = await source.fill(packets);
      yield packets;
    }
    source.warnings.forEach(onWarning);
  } finally {
    await source.close();
  }
}

function frameAt(packets: PacketList, number: number): Frame {
  const { offset, caplen, wirelen, seconds, nanoseconds, linktype } = packets;
  return {
    number,
    bytes: new Uint8Array(packets.bytes.subarray(offset, offset + caplen)),
    wirelen,
    seconds,
    nanoseconds,
    linktype,
  };
}
