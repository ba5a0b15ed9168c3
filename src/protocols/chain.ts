// Chains of a few: what a connection has one of, or none, each naming the next younger one. An array would keep room for seventeen
// as soon as there is one, in every connection that is open.

interface Link<T> {
  /** The next younger one. */
  next: T | null;
}

/** The chain that begins with `oldest`, with `link` behind all others. */
export function append<T extends Link<T>>(oldest: T | null, link: T): T {
  link.next = null;
  if (oldest === null) return link;
  let newest = oldest;
  while (newest.next !== null) newest = newest.next;
  newest.next = link;
  return oldest;
}

/** The chain without `link`, which need not be in it, and which then names nothing any more. */
export function without<T extends Link<T>>(oldest: T | null, link: T): T | null {
  let first = oldest;
  if (oldest === link) first = link.next;
  else {
    let before = oldest;
    while (before !== null && before.next !== link) before = before.next;
    if (before === null) return oldest;
    before.next = link.next;
  }
  link.next = null;
  return first;
}

/** The oldest link that `is` says yes to, or null. */
export function find<T extends Link<T>>(oldest: T | null, is: (link: T) => boolean): T | null {
  let link = oldest;
  while (link !== null && !is(link)) link = link.next;
  return link;
}

export function lengthOf<T extends Link<T>>(oldest: T | null): number {
  let length = 0;
  for (let link = oldest; link !== null; link = link.next) length++;
  return length;
}
