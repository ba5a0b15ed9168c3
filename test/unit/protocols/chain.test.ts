import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { append, find, lengthOf, without } from '../../../src/protocols/chain.ts';

class Link {
  next: Link | null = null;
  readonly name: number;

  constructor(name: number) {
    this.name = name;
  }
}

function namesOf(oldest: Link | null): number[] {
  const names: number[] = [];
  for (let link = oldest; link !== null; link = link.next) names.push(link.name);
  return names;
}

describe('a chain', () => {
  it('holds what an array would, in the same order', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ name: fc.nat(9), isOut: fc.boolean() }), { maxLength: 60 }), (steps) => {
        const links = Array.from({ length: 10 }, (_, name) => new Link(name));
        let chain: Link | null = null;
        let model: number[] = [];
        for (const { name, isOut } of steps) {
          // What is not in it may be taken out; what is in it already is not put in again.
          if (isOut || model.includes(name)) {
            chain = without(chain, links[name]!);
            // What is kept for another chain holds on to none.
            expect(links[name]!.next).toBeNull();
            model = model.filter((one) => one !== name);
          } else {
            chain = append(chain, links[name]!);
            model.push(name);
          }
          expect(namesOf(chain)).toEqual(model);
          expect(lengthOf(chain)).toBe(model.length);
          expect(find(chain, (link) => link.name % 2 === 1)?.name).toBe(model.find((one) => one % 2 === 1));
        }
      }),
    );
  });
});
