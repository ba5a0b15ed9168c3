// Output to what somebody else opened: nothing that fails there stops the sensor, and lines stay whole.
import { describe, expect, it } from 'vitest';
import { DescriptorSink } from '../../../src/sink/descriptor.ts';

/** A disk with room for so many bytes. */
class Disk {
  text = '';
  room: number;

  constructor(room: number) {
    this.room = room;
  }

  write = (bytes: Uint8Array, at: number): Promise<number> => {
    const taken = Math.min(this.room, bytes.length - at);
    if (taken === 0) return Promise.reject(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));
    this.room -= taken;
    this.text += Buffer.from(bytes.subarray(at, at + taken)).toString();
    return Promise.resolve(taken);
  };
}

const line = (name: string): Uint8Array => Buffer.from(`{"${name}":1}\n`);

describe('a descriptor', () => {
  it('counts what a full disk refuses, and makes the cut line whole first when there is room', async () => {
    const disk = new Disk(12);
    const sink = new DescriptorSink(disk.write);
    await sink.write(Buffer.concat([line('a'), line('b'), line('c')]));
    expect(disk.text).toBe('{"a":1}\n{"b"');
    // The second line is not lost yet.
    expect(sink.state).toEqual({ fault: 'ENOSPC: no space left', writtenLines: 1, lostLines: 1 });
    await sink.write(line('d'));
    expect(sink.state).toMatchObject({ writtenLines: 1, lostLines: 2 });
    disk.room = 1000;
    await sink.write(line('e'));
    expect(disk.text).toBe('{"a":1}\n{"b":1}\n{"e":1}\n');
    expect(sink.state).toEqual({ fault: '', writtenLines: 3, lostLines: 2 });
  });

  it('writes nothing later of what was refused as a whole', async () => {
    // The disk is full at the end of a line, or before the first.
    for (const room of [0, 8]) {
      const disk = new Disk(room);
      const sink = new DescriptorSink(disk.write);
      await sink.write(Buffer.concat([line('a'), line('b')]));
      const before = room / 8;
      expect(sink.state).toMatchObject({ writtenLines: before, lostLines: 2 - before });
      disk.room = 1000;
      await sink.write(line('c'));
      expect(disk.text).toBe(room === 0 ? '{"c":1}\n' : '{"a":1}\n{"c":1}\n');
      expect(sink.state).toEqual({ fault: '', writtenLines: before + 1, lostLines: 2 - before });
    }
  });

  it('is cut at any byte and never breaks or repeats a line', async () => {
    for (let room = 1; room < 40; room++) {
      const disk = new Disk(room);
      const sink = new DescriptorSink(disk.write);
      for (const name of ['a', 'b', 'c']) await sink.write(Buffer.concat([line(name), line(`${name}${name}`)]));
      disk.room = 1000;
      await sink.write(line('z'));
      const lines = disk.text.split('\n').slice(0, -1);
      for (const one of lines) JSON.parse(one);
      expect(new Set(lines).size).toBe(lines.length);
      expect(sink.state).toEqual({ fault: '', writtenLines: lines.length, lostLines: 7 - lines.length });
    }
  });

  it('counts the line that was cut as lost when it is closed', async () => {
    const disk = new Disk(12);
    const sink = new DescriptorSink(disk.write);
    await sink.write(Buffer.concat([line('a'), line('b'), line('c')]));
    await sink.close();
    await sink.close();
    expect(sink.state).toMatchObject({ writtenLines: 1, lostLines: 2 });
  });

  it('ends the writing when nobody can ever read it', async () => {
    const sink = new DescriptorSink(() => Promise.reject(Object.assign(new Error('EPIPE'), { code: 'EPIPE' })));
    await expect(sink.write(line('a'))).rejects.toMatchObject({ code: 'ADTAP_E_CLOSED_PIPE' });
  });
});
