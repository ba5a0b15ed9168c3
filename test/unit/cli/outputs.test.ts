// Where a command may write: not where it reads, not twice to one file, and found out before the work.
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NamedPath, refuseSameFile } from '../../../src/cli/same-file.ts';
import { tryReport, writeAll, writeReport } from '../../../src/cli/write-file.ts';
import { AdtapError } from '../../../src/errors.ts';

let scratch = '';
const at = (name: string): string => join(scratch, name);
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'adtap-test-'));
  writeFileSync(at('day.csv'), 'time');
});
afterEach(() => rmSync(scratch, { recursive: true }));

describe('refuseSameFile', () => {
  const inputs = (): NamedPath[] => [['--counters', at('day.csv')]];

  it('refuses an output that is an input, by whatever name', () => {
    linkSync(at('day.csv'), at('hard.csv'));
    symlinkSync('day.csv', at('soft.csv'));
    for (const name of ['day.csv', 'hard.csv', 'soft.csv', './x/../day.csv'])
      expect(() => refuseSameFile(inputs(), [['--csv', at(name)]])).toThrow(
        /--csv .* would overwrite what is read with --counters/,
      );
  });

  it('refuses two outputs in one file, also in one that is not there yet', () => {
    mkdirSync(at('folder'));
    symlinkSync('folder', at('link'));
    for (const [csv, html] of [
      ['new', 'new'],
      ['new', './folder/../new'],
      ['folder/new', 'link/new'],
      ['none/new', 'none/new'],
    ] as const)
      expect(() =>
        refuseSameFile(
          [],
          [
            ['--csv', at(csv)],
            ['--html', `${scratch}/${html}`],
          ],
        ),
      ).toThrow(/--html .* is the file of --csv too/);
  });

  it('lets different files pass, the same input twice, and what is no file', () => {
    writeFileSync(at('out.csv'), '');
    refuseSameFile(
      [...inputs(), ...inputs()],
      [
        ['--csv', at('out.csv')],
        ['--html', at('new')],
        ['--model', '/dev/null'],
        ['--truth', '/dev/null'],
      ],
    );
  });
});

describe('tryReport', () => {
  it('leaves what is there as it is, and nothing that was not', async () => {
    symlinkSync('nowhere', at('link'));
    for (const name of ['day.csv', 'new', 'link']) await tryReport(at(name));
    await tryReport('/dev/null');
    expect(readdirSync(scratch).sort()).toEqual(['day.csv', 'link']);
    expect(readFileSync(at('day.csv'), 'utf8')).toBe('time');
  });

  it('refuses a folder, and what is in no folder', async () => {
    for (const path of [scratch, at('none/new'), at('day.csv/new')])
      await expect(tryReport(path)).rejects.toMatchObject({ code: 'ADTAP_E_OUTPUT' });
  });

  it('refuses standard output, instead of a file of that name', async () => {
    await expect(tryReport('-')).rejects.toMatchObject({ code: 'ADTAP_E_USAGE' });
  });
});

describe('writeAll', () => {
  it('writes what can be written, and then says all that could not', async () => {
    const written = writeAll([
      () => writeReport(at('none/1'), '1'),
      () => writeReport(at('2'), '2'),
      () => writeReport(at('none/3'), '3'),
    ]);
    await expect(written).rejects.toThrow(/none\/1: cannot be written.*; .*none\/3: cannot be written/);
    await expect(written).rejects.toBeInstanceOf(AdtapError);
    expect(readFileSync(at('2'), 'utf8')).toBe('2');
  });

  it('does not take a defect for a fault of the output', async () => {
    const defect = new Error('a defect');
    await expect(writeAll([() => Promise.reject(defect)])).rejects.toBe(defect);
  });
});
