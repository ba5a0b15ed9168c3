// Made-up loads: the same file for the same seed, gone when it is removed.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeUpLoad } from '../../../src/bench/made-up-load.ts';
import { readStore } from '../../../src/bench/packet-store.ts';
import { openCapture } from '../../../src/capture/open.ts';

const never = new AbortController().signal;

describe('a made-up load', () => {
  it('is a capture that the bench reads, the same each time, and is gone afterwards', async () => {
    const hashes: string[] = [];
    for (let round = 0; round < 2; round++) {
      const { path, name, remove } = await makeUpLoad('branch', 7, never);
      expect(name).toBe('profile branch, seed 7');
      hashes.push(createHash('sha256').update(readFileSync(path)).digest('hex'));
      if (round === 0) {
        const source = await openCapture([path]);
        expect((await readStore(source, name)).count).toBeGreaterThan(100_000);
        await source.close();
      }
      await remove();
      expect(existsSync(path)).toBe(false);
    }
    expect(hashes[1]).toBe(hashes[0]);
  });

  it('says what profiles there are', async () => {
    await expect(makeUpLoad('nowhere', 1, never)).rejects.toMatchObject({ code: 'ADTAP_E_PROFILE' });
  });
});
