// Whether answers name the same computer: when reverse DNS is due, and what `adtap resolve` says in the end.
import { NETBIOS_CHARACTERS } from './active/outcome.ts';
import type { Answer, Names } from './answer.ts';

export interface Agreement {
  readonly verdict: 'resolved' | 'conflict' | 'unresolved';
  /** The fullest name that was said; with a conflict the first. */
  readonly computer: string;
  /** `high` when two methods agree or DNS points both ways. */
  readonly certainty: 'high' | 'low' | '';
  readonly why: string;
}

/** What of a name must be equal: the first label, cut to what NetBIOS holds, in upper case. */
export function shortName({ netbios, dns }: Names): string {
  return (netbios || (dns.split('.')[0] ?? '')).slice(0, NETBIOS_CHARACTERS).toUpperCase();
}

/** Names that some answer gave and the rest of the answers with them. */
function groups(answers: readonly Answer[]): Map<string, Answer[]> {
  const found = new Map<string, Answer[]>();
  for (const answer of answers) {
    if (answer.names === null) continue;
    const name = shortName(answer.names);
    found.set(name, [...(found.get(name) ?? []), answer]);
  }
  return found;
}

/** The documented rule: reverse DNS is asked when no primary method answered, or they disagree. */
export const needsReverse = (answers: readonly Answer[]): boolean => groups(answers).size !== 1;

export function agree(answers: readonly Answer[]): Agreement {
  const found = groups(answers);
  const reasons = answers.map(({ method, reason }) => `${method} ${reason}`).join(', ');
  if (found.size === 0) return { verdict: 'unresolved', computer: '', certainty: '', why: `nobody said a name: ${reasons}` };
  // Primaries before DNS, whose records may be stale; then the name that more methods say.
  const weight = (list: readonly Answer[]): number =>
    list.reduce((sum, { method, isConfirmed }) => sum + (method === 'reverse-dns' ? (isConfirmed ? 0.5 : 0.25) : 1), 0);
  const ranked = [...found.entries()].toSorted(([, a], [, b]) => weight(b) - weight(a));
  const [short, best] = ranked[0]!;
  const computer = best.map(({ names }) => names?.dns ?? '').find((dns) => dns.includes('.')) ?? short;
  const methods = best.map(({ method }) => method);
  if (ranked.length > 1)
    return {
      verdict: 'conflict',
      computer,
      certainty: 'low',
      why: ranked.map(([name, list]) => `${list.map(({ method }) => method).join(' and ')} say ${name}`).join(', '),
    };
  if (best.length > 1) return { verdict: 'resolved', computer, certainty: 'high', why: `${methods.join(', ')} agree` };
  const only = best[0]!;
  if (only.method !== 'reverse-dns')
    return { verdict: 'resolved', computer, certainty: 'low', why: `only ${only.method} said a name` };
  return only.isConfirmed
    ? { verdict: 'resolved', computer, certainty: 'high', why: 'DNS points both ways' }
    : { verdict: 'resolved', computer, certainty: 'low', why: 'only an unconfirmed PTR record' };
}
