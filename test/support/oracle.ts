// Compares messages with an oracle's: paired per flow, direction and kind in order, as /shared/tools/score.mjs does it.

type Message = { readonly [key: string]: unknown };

/** Differences where the oracle is wrong, each checked by hand. */
export const KNOWN: readonly { readonly file: string; readonly difference: string; readonly reason: string }[] = [];

const ADDRESS = new Set(['frame', 'proto', 'src', 'sport', 'dst', 'dport']);

const kind = (m: Message): string => String(m['msgType'] ?? m['op'] ?? `${m['id']}/${m['response']}`);
const group = (m: Message): string => `${m['proto']} ${kind(m)} ${m['src']}:${m['sport']}>${m['dst']}:${m['dport']}`;

/** One line a difference: missing, extra, or a field that is not the same. */
export function compare(oracle: readonly Message[], ours: readonly Message[]): string[] {
  const mine = new Map<string, Message[]>();
  for (const message of ours) {
    const list = mine.get(group(message));
    if (list === undefined) mine.set(group(message), [message]);
    else list.push(message);
  }
  const differences: string[] = [];
  for (const expected of oracle) {
    const list = mine.get(group(expected)) ?? [];
    const at = list.findIndex((message) => message['frame'] === expected['frame']);
    const found = list.splice(at === -1 ? 0 : at, 1)[0];
    if (found === undefined) {
      differences.push(`missing frame ${expected['frame']} ${group(expected)}`);
      continue;
    }
    if (found['frame'] !== expected['frame'])
      differences.push(`frame ${found['frame']} instead of ${expected['frame']} ${group(expected)}`);
    for (const [key, value] of Object.entries(expected)) {
      if (ADDRESS.has(key) || (key === 'filter' && sameFilter(String(value), String(found[key])))) continue;
      if (JSON.stringify(plain(found[key])) !== JSON.stringify(plain(value)))
        differences.push(
          `frame ${expected['frame']} ${group(expected)} ${key}: ${JSON.stringify(value)} here ${JSON.stringify(found[key])}`,
        );
    }
  }
  for (const list of mine.values()) for (const extra of list) differences.push(`extra frame ${extra['frame']} ${group(extra)}`);
  return differences;
}

const plain = (value: unknown): unknown => (typeof value === 'string' ? value.trim() : value);

/** tshark writes an AND of n terms as nested pairs, octets as hex pairs, and netlogon's terms in a way of its own. */
const SPECIAL = /^(ntver|domainguid|domainsid|aac)$/;

export function sameFilter(a: string, b: string): boolean {
  return JSON.stringify(tree(a)) === JSON.stringify(tree(b));
}

function tree(text: string): unknown {
  let at = 0;
  const lower = text.toLowerCase();
  const term = (): unknown => {
    at++;
    const operator = lower[at];
    if (operator === '&' || operator === '|' || operator === '!') {
      at++;
      const terms: unknown[] = [];
      while (lower[at] === '(') terms.push(term());
      at++;
      const flat = terms
        .filter((one) => one !== null)
        .flatMap((one) => (operator !== '!' && Array.isArray(one) && one[0] === operator ? one.slice(1) : [one]));
      return flat.length === 0 ? null : flat.length === 1 && operator !== '!' ? flat[0] : [operator, ...flat];
    }
    const end = lower.indexOf(')', at);
    const leaf = lower.slice(at, end === -1 ? undefined : end);
    at = end === -1 ? lower.length : end + 1;
    const [, name = '', sign = '', value = ''] = /^(.*?)(~=|>=|<=|:=|=)(.*)$/s.exec(leaf) ?? [];
    return SPECIAL.test(name) ? null : `${name}${sign}${folded(value)}`;
  };
  return lower.startsWith('(') ? term() : lower;
}

function folded(value: string): string {
  const hexPairs = /^[0-9a-f]{2}(:[0-9a-f]{2})+$/.test(value);
  const latin1 = hexPairs
    ? value
        .split(':')
        .map((pair) => String.fromCharCode(Number.parseInt(pair, 16)))
        .join('')
    : Buffer.from(value, 'utf8')
        .toString('latin1')
        .replace(/\\([0-9a-f]{2})/g, (_, pair: string) => String.fromCharCode(Number.parseInt(pair, 16)));
  return Buffer.from(latin1, 'latin1').toString('utf8').toLowerCase().trim();
}
