// A profile: how large the domain is, what happens in it and how often. Those shipped are files in profiles/; a user's own is a
// file of the same form.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { AdtapError } from '../errors.ts';
import { scenarioNames } from './scenarios/names.ts';

const whole = (least: number, most: number): z.ZodNumber =>
  z
    .int({ error: RANGE(least, most, 'a whole number') })
    .min(least, RANGE(least, most, 'a whole number'))
    .max(most, RANGE(least, most, 'a whole number'));
const RANGE = (least: number, most: number, what: string): string => `must be ${what} from ${least} to ${most}`;
const share = (least = 0): z.ZodNumber =>
  z
    .number({ error: RANGE(least, 1, 'a number') })
    .min(least, RANGE(least, 1, 'a number'))
    .max(1, RANGE(least, 1, 'a number'));

const DOMAIN = 'must be a DNS name of two labels or more, in lower case, at most 64 characters, the first label at most 15';
const MIX = 'must give a weight above 0 to at least one scenario';
const HOURS = 24;
/** Workstations that have an address each. */
const MOST_COMPUTERS = 90_000;

export const profileSchema = z.strictObject({
  description: z.string().default('').describe('What the profile stands for.'),
  domain: z
    .string({ error: DOMAIN })
    .max(64, DOMAIN)
    .regex(/^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?)+$/, DOMAIN)
    .default('corp.example')
    .describe('DNS name of the domain; its realm and NetBIOS name follow from it.'),
  site: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,60}$/, 'must be a name of at most 60 letters, digits and dashes')
    .default('Default-First-Site-Name')
    .describe('Active Directory site.'),
  domainControllers: whole(1, 99).default(2).describe('Domain controllers.'),
  fileServers: whole(1, 99).default(2).describe('File servers.'),
  webServers: whole(1, 99).default(2).describe('Web servers, which run the applications.'),
  computers: whole(1, MOST_COMPUTERS).default(100).describe('Workstations.'),
  users: whole(1, 1_000_000).default(120).describe('User accounts.'),
  rate: whole(1, 10_000_000).default(1000).describe('Packets a second of capture time, in an hour whose share is 1.'),
  hours: z
    .array(share(0.001))
    .length(HOURS, 'must be 24 numbers, one an hour of the day')
    .default(Array.from({ length: HOURS }, () => 1))
    .describe('Share of the rate in each hour of the day, UTC.'),
  wrongPassword: share().default(0.02).describe('Share of logons with a mistyped password.'),
  locked: share().default(0.002).describe('Share of logons to a locked account.'),
  unknown: share().default(0.005).describe('Share of logons with a mistyped name.'),
  retransmission: share().default(0.001).describe('Share of TCP segments with data that are sent twice.'),
  reordering: share().default(0.001).describe('Share of full TCP segments that the next one overtakes.'),
  mix: z
    .partialRecord(
      z.enum(scenarioNames),
      z
        .number({ error: RANGE(0, 1e9, 'a weight') })
        .min(0, RANGE(0, 1e9, 'a weight'))
        .max(1e9, RANGE(0, 1e9, 'a weight')),
      // Else a name that is no scenario is told by its own words.
      { error: ({ code, expected }) => (code === 'invalid_type' && expected === 'record' ? MIX : undefined) },
    )
    .refine((mix) => Object.values(mix).some((weight) => weight > 0), MIX)
    .describe('How often each scenario begins, relative to the others.'),
});

export type Profile = z.output<typeof profileSchema>;

const FOLDER = fileURLToPath(new URL('../../profiles/', import.meta.url));
const ENDING = '.yaml';

/** Names of the profiles that are shipped. */
export const shippedProfiles = (): readonly string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .sort();

/** A shipped profile by its name, or one from a file whose name has a dot or a slash. Throws AdtapError ADTAP_E_PROFILE. */
export function loadProfile(nameOrPath: string): Profile {
  const isPath = /[./\\]/.test(nameOrPath);
  if (!isPath && !shippedProfiles().includes(nameOrPath))
    throw new AdtapError(
      'ADTAP_E_PROFILE',
      `there is no profile ${nameOrPath}; shipped are ${shippedProfiles().join(', ')}, and the name of a file works too`,
    );
  const path = isPath ? nameOrPath : `${FOLDER}${nameOrPath}${ENDING}`;
  let value: unknown;
  try {
    value = parse(readFileSync(path, 'utf8'), { logLevel: 'error' });
  } catch (cause) {
    const why =
      cause instanceof YAMLParseError
        ? `is no YAML: ${cause.message.split('\n')[0]}`
        : `cannot be read: ${(cause as Error).message}`;
    throw new AdtapError('ADTAP_E_PROFILE', `${path}: ${why}`, { cause });
  }
  return checkedProfile(value, path);
}

/** `value` as a profile; throws AdtapError with a line for each key that is wrong, missing or unknown. */
export function checkedProfile(value: unknown, from: string): Profile {
  const parsed = profileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) =>
        path === 'mix' ? `mix.${key}: there is no such scenario; docs/profiles.md lists them` : `${key}: there is no such key`,
      );
    return [`${path === '' ? 'the profile' : path}: ${issue.message}`];
  });
  throw new AdtapError(
    'ADTAP_E_PROFILE',
    `${from} has ${lines.length} problem${lines.length === 1 ? '' : 's'}:\n  ${lines.join('\n  ')}`,
  );
}

/** The profile with another number of users, and computers in proportion. */
export function withUsers(profile: Profile, users: number): Profile {
  const computers = Math.round((profile.computers * users) / profile.users);
  return { ...profile, users, computers: Math.min(MOST_COMPUTERS, Math.max(1, computers)) };
}
