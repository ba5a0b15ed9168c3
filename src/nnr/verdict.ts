// What the answers of the active methods come to for one address: whom to believe, how far, and whether to ask further.
import type { ActiveMethod, Answer, Names } from './answer.ts';
import { type Directory, type DirectoryComputer, NO_DIRECTORY } from './directory.ts';
import { type ComputerName, computerNameOf, domainName, domainOf, isSameComputer, merged, printed } from './names.ts';
import { type Certainty, type CertaintyReason, judgeMethods, methodOf } from './weights.ts';

/** Why an address is believed to be a computer. */
export interface Evidence {
  readonly method: ActiveMethod;
  /** The name said, as it is printed. */
  readonly name: string;
  /** Seconds since 1970 UTC. */
  readonly at: number;
  readonly text: string;
}

export interface Resolution {
  readonly address: string;
  /** null: unresolved. */
  readonly name: ComputerName | null;
  /** DNS domain where known, NetBIOS domain otherwise; may be empty. */
  readonly domain: string;
  readonly os: string;
  readonly mac: string;
  readonly users: readonly string[];
  readonly certainty: Certainty;
  readonly reasons: readonly CertaintyReason[];
  /** Methods that said the name. */
  readonly methods: readonly ActiveMethod[];
  /** Names that other methods said, as they are printed. */
  readonly conflicts: readonly string[];
  readonly evidence: readonly Evidence[];
  /** The directory's object of that name; undefined where there is no directory. */
  readonly directory: DirectoryComputer | null | undefined;
  /** Seconds since 1970 UTC: when the last answer came, and until when to believe it. */
  readonly at: number;
  readonly validUntil: number;
}

export interface Lifetimes {
  /** Seconds for which a name, and the lack of one, are believed. */
  readonly hitSeconds: number;
  readonly missSeconds: number;
}

/** An hour, as leases seldom are shorter; five minutes until an address without a name is asked again. */
export const DEFAULT_LIFETIMES: Lifetimes = { hitSeconds: 3600, missSeconds: 300 };

interface Said {
  readonly answer: Answer;
  readonly names: Names;
  readonly name: ComputerName;
}

interface Group {
  name: ComputerName;
  readonly said: Said[];
}

const isPrimary = (answer: Answer): boolean => answer.method !== 'reverse-dns';

function saidIn(answers: readonly Answer[]): Said[] {
  return answers.flatMap((answer) => {
    const name = answer.names === null ? null : computerNameOf(answer.names.netbios, answer.names.dns);
    return name === null || answer.names === null ? [] : [{ answer, names: answer.names, name }];
  });
}

function groupsOf(said: readonly Said[]): Group[] {
  const groups: Group[] = [];
  // Whole names first: a short name then joins the whole one that it is the start of, whoever answered first.
  for (const one of said.toSorted(byFullness)) {
    const group = groups.find(({ name }) => isSameComputer(name, one.name));
    if (group === undefined) groups.push({ name: one.name, said: [one] });
    else {
      group.name = merged(group.name, one.name);
      group.said.push(one);
    }
  }
  return groups;
}

const byFullness = (a: Said, b: Said): number =>
  Number(b.name.dns !== '') - Number(a.name.dns !== '') || (a.answer.method < b.answer.method ? -1 : 1);

/** Whether reverse DNS is to be asked as well: no primary method has a name, or they disagree. */
export function needsReverse(answers: readonly Answer[]): boolean {
  return groupsOf(saidIn(answers.filter(isPrimary))).length !== 1;
}

/** Weighs the answers for one address. Without answers it is unresolved since `now`, in seconds since 1970 UTC. */
export function judge(
  address: string,
  answers: readonly Answer[],
  now: number,
  lifetimes: Lifetimes = DEFAULT_LIFETIMES,
  directory: Directory = NO_DIRECTORY,
): Resolution {
  const said = saidIn(answers);
  const primary = groupsOf(said.filter((one) => isPrimary(one.answer)));
  const reverse = groupsOf(said.filter((one) => !isPrimary(one.answer)));
  const group = chosen(primary, reverse);
  const at = answers.reduce((latest, one) => Math.max(latest, one.at), answers.length === 0 ? now : 0);
  if (group === null)
    return {
      address,
      name: null,
      domain: '',
      os: '',
      mac: '',
      users: [],
      certainty: 'low',
      reasons: ['no-name'],
      methods: [],
      conflicts: [],
      evidence: [],
      directory: undefined,
      at,
      validUntil: at + lifetimes.missSeconds,
    };
  const agreeing = said.filter((one) => isSameComputer(one.name, group.name));
  const name = agreeing.reduce((sum, one) => merged(sum, one.name), group.name);
  const text = (pick: (names: Names) => string): string =>
    agreeing.map(({ names }) => pick(names)).find((one) => one !== '') ?? '';
  const domain = domainName(text((names) => names.dnsDomain) || text((names) => names.netbiosDomain) || domainOf(name));
  const { certainty, reasons } = judgeMethods(agreeing.map((one) => claimMethod(one.answer)));
  const found = directory.find(name, domain);
  const doubts: CertaintyReason[] = [];
  if (primary.length > 1) doubts.push('conflict');
  if (found === null) doubts.push('not-in-directory');
  return {
    address,
    name,
    domain,
    os: text((names) => names.os),
    mac: text((names) => names.mac),
    users: [...new Set(agreeing.flatMap(({ names }) => names.users))],
    certainty: doubts.length > 0 ? 'low' : certainty,
    reasons: doubts.length > 0 ? doubts : reasons,
    methods: agreeing.map((one) => one.answer.method),
    conflicts: [...primary, ...reverse].filter((one) => !isSameComputer(one.name, name)).map((one) => printed(one.name)),
    evidence: said.map(({ answer, name: its }) => ({
      method: answer.method,
      name: printed(its),
      at: answer.at,
      text: answer.evidence,
    })),
    directory: found,
    at,
    validUntil: at + lifetimes.hitSeconds,
  };
}

/** The primaries' name; where they disagree the one that reverse DNS says too, else the one of most weight. */
function chosen(primary: readonly Group[], reverse: readonly Group[]): Group | null {
  const secondary = reverse.find((one) => primary.some((group) => isSameComputer(group.name, one.name))) ?? reverse[0];
  if (primary.length === 0) return secondary ?? null;
  if (primary.length > 1 && secondary !== undefined) {
    const backed = primary.find((group) => isSameComputer(group.name, secondary.name));
    if (backed !== undefined) return backed;
  }
  return primary.toSorted((a, b) => weightOf(b) - weightOf(a))[0] ?? null;
}

const weightOf = (group: Group): number => group.said.reduce((sum, one) => sum + methodOf(claimMethod(one.answer)).weight, 0);

/** The method by which an answer counts: a name whose own addresses contain this one is more than a mere pointer. */
export const claimMethod = (answer: Answer): string =>
  answer.method === 'reverse-dns' && answer.isConfirmed ? 'reverse-dns-confirmed' : answer.method;
