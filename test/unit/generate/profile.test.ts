// Profiles: those shipped are sound, and what is wrong with one is said by key.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AdtapError } from '../../../src/errors.ts';
import { checkedProfile, loadProfile, shippedProfiles, withUsers } from '../../../src/generate/profile.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-profile-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const problem = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof AdtapError && error.code === 'ADTAP_E_PROFILE') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
};

it('ships the five that the documentation names', () => {
  expect(shippedProfiles()).toEqual(['attack', 'branch', 'headquarters', 'storm', 'worst']);
  for (const name of shippedProfiles()) expect(loadProfile(name).description).not.toBe('');
});

it('fills in what a profile does not say', () => {
  const profile = checkedProfile({ mix: { dnsLookup: 1 } }, 'mine');
  expect(profile).toMatchObject({ domain: 'corp.example', users: 120, computers: 100 });
  expect(profile.hours).toHaveLength(24);
});

it('keeps computers in proportion to users, and to the addresses that there are', () => {
  const profile = checkedProfile({ users: 100, computers: 50, mix: { dnsLookup: 1 } }, 'mine');
  expect(withUsers(profile, 10)).toMatchObject({ users: 10, computers: 5 });
  expect(withUsers(profile, 1)).toMatchObject({ users: 1, computers: 1 });
  expect(withUsers(profile, 1_000_000)).toMatchObject({ users: 1_000_000, computers: 90_000 });
});

describe('refuses, by key', () => {
  const mix = { dnsLookup: 1 };
  it.each([
    [{ mix, users: 0 }, 'users: must be a whole number from 1 to 1000000'],
    [{ mix, users: 1.5 }, 'users: must be a whole number from 1 to 1000000'],
    [{ mix, computers: 90_001 }, 'computers: must be a whole number from 1 to 90000'],
    [{ mix, wrongPassword: 1.1 }, 'wrongPassword: must be a number from 0 to 1'],
    [{ mix, wrongPassword: 'often' }, 'wrongPassword: must be a number from 0 to 1'],
    [{ mix, hours: [1, 1] }, 'hours: must be 24 numbers, one an hour of the day'],
    [{ mix, hours: Array.from({ length: 24 }, () => 0) }, 'hours.0: must be a number from 0.001 to 1'],
    [{ mix, domain: 'corp' }, 'domain: must be a DNS name of two labels or more'],
    [{ mix, domain: 'a-much-too-long-label.example' }, 'domain: must be a DNS name of two labels or more'],
    [{ mix, user: 5 }, 'user: there is no such key'],
    [{ mix: {} }, 'mix: must give a weight above 0 to at least one scenario'],
    [{ mix: { dnsLookup: 0 } }, 'mix: must give a weight above 0 to at least one scenario'],
    [{ mix: { dnsLookups: 1 } }, 'mix.dnsLookups: there is no such scenario'],
    [{ mix: { dnsLookup: -1 } }, 'mix.dnsLookup: must be a weight from 0 to 1000000000'],
    [{}, 'mix: must give a weight above 0 to at least one scenario'],
    [{ mix: 5 }, 'mix: must give a weight above 0 to at least one scenario'],
    [[], 'the profile: '],
    [null, 'the profile: '],
  ])('%j', (value, words) => {
    const message = problem(() => checkedProfile(value, 'mine.yaml'));
    expect(message).toMatch(/^mine\.yaml has \d+ problems?:\n/);
    expect(message).toContain(`  ${words}`);
  });

  it('all that is wrong at once', () => {
    expect(problem(() => checkedProfile({ users: 0, rate: 0, mix }, 'mine'))).toMatch(
      /^mine has 2 problems:\n {2}users: .*\n {2}rate: .*$/,
    );
  });

  it('a name that is not shipped, a file that is not there, and one that is no YAML', () => {
    expect(problem(() => loadProfile('branches'))).toBe(
      'there is no profile branches; shipped are attack, branch, headquarters, storm, worst, and the name of a file works too',
    );
    expect(problem(() => loadProfile('./not-there.yaml'))).toMatch(/^\.\/not-there\.yaml: cannot be read: ENOENT/);
    const path = join(scratch, 'bad.yaml');
    writeFileSync(path, 'mix: [1');
    expect(problem(() => loadProfile(path))).toMatch(/bad\.yaml: is no YAML: /);
  });
});
