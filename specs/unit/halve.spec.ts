import { expect } from "chai";
import fc from "fast-check";
import { halve } from "../../src/cli/halve.ts";

/** A question that says yes when all of these are there, and remembers what it was asked. */
function needs(...culprits: readonly number[]) {
  const asked: (readonly number[])[] = [];
  const fails = async (part: readonly number[]): Promise<boolean> => {
    asked.push(part);
    return culprits.every((each) => part.includes(each));
  };
  return { asked, fails };
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const some = (most: number) =>
  fc
    .integer({ min: 1, max: 60 })
    .chain((count) =>
      fc.tuple(fc.constant(count), fc.uniqueArray(fc.nat(count - 1), { minLength: 1, maxLength: most })),
    );

describe("halving", () => {
  it("finds all that it takes, and nothing else, in their order", async () => {
    await fc.assert(
      fc.asyncProperty(some(5), async ([count, culprits]) => {
        const found = await halve(upTo(count), needs(...culprits).fails);
        expect(found).to.deep.equal(culprits.toSorted((a, b) => a - b));
      }),
    );
  });

  it("finds the only one with two questions for each halving at most", async () => {
    await fc.assert(
      fc.asyncProperty(some(1), async ([count, culprits]) => {
        const { asked, fails } = needs(...culprits);
        await halve(upTo(count), fails);
        expect(asked.length).to.be.at.most(2 * Math.ceil(Math.log2(count)));
      }),
    );
  });

  it("asks about parts in the order of the list", async () => {
    const { asked, fails } = needs(1, 6);
    await halve(upTo(8), fails);
    for (const part of asked) expect(part).to.deep.equal(part.toSorted((a, b) => a - b));
  });

  it("asks nothing where there is one only, or none", async () => {
    const { asked, fails } = needs(0);
    expect([await halve([7], fails), await halve([], fails), asked]).to.deep.equal([[7], [], []]);
  });
});
