// A stream that broke: every later write is refused for the reason of the first, as the pipe's reader went or the disk filled.
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { StreamSink } from '../../../src/sink/file.ts';

it.each([
  ['EPIPE', 'ADTAP_E_CLOSED_PIPE', 'the reader of the output went away'],
  ['ENOSPC', 'ADTAP_E_OUTPUT', 'out.ndjson: cannot be written: ENOSPC: no room'],
])('%s stays what it is', async (code, expected, message) => {
  const stream = new Writable({
    write: (_bytes, _encoding, done) => done(Object.assign(new Error(`${code}: no room`), { code })),
  });
  const sink = new StreamSink(stream, 'out.ndjson', true);
  for (let write = 0; write < 2; write++)
    await expect(sink.write(Uint8Array.of(1))).rejects.toMatchObject({ code: expected, message });
});
