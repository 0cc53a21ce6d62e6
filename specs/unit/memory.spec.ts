import { expect } from "chai";
import fc from "fast-check";
import { isEnough } from "../../src/engine/memory/memory-holders.ts";
import type { MemoryHolder } from "../../src/engine/memory/memory-holders.ts";

const GIB = 1024 ** 3;
const holder = (run: string, heldGiB: number, startingGiB = 0): MemoryHolder => ({
  run,
  owner: "here/1",
  heldBytes: heldGiB * GIB,
  startingBytes: startingGiB * GIB,
});

describe("memory for a stack", () => {
  it("is enough when no other run holds any, however little there is", () => {
    expect(isEnough(8 * GIB, 0, "mine", [])).to.equal(true);
    expect(isEnough(8 * GIB, 0, "mine", [holder("mine", 4, 4)])).to.equal(true);
  });

  it("is what is free beside others", () => {
    const others = [holder("other", 4)];
    expect(isEnough(GIB, 2 * GIB, "mine", others)).to.equal(true);
    expect(isEnough(2 * GIB, 2 * GIB, "mine", others)).to.equal(false);
  });

  it("is not what others that are starting will take", () => {
    expect(isEnough(GIB, 3 * GIB, "mine", [holder("other", 1, 1)])).to.equal(true);
    expect(isEnough(GIB, 3 * GIB, "mine", [holder("other", 1, 1), holder("third", 1, 1)])).to.equal(false);
  });

  it("is not what this run's other stacks will take", () => {
    expect(isEnough(GIB, 3 * GIB, "mine", [holder("other", 1), holder("mine", 2, 2)])).to.equal(false);
  });

  it("is never given to more at once than there is", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 2 }),
        (free, needs) => {
          const holders: MemoryHolder[] = [];
          for (const [index, need] of needs.entries())
            if (isEnough(need * GIB, free * GIB, `run ${index}`, holders))
              holders.push(holder(`run ${index}`, need, need));
          // The first starts whatever it takes: it would wait for nobody.
          const rest = holders.slice(1).reduce((sum, { startingBytes }) => sum + startingBytes, 0);
          expect(rest).to.be.at.most(Math.max(0, free * GIB - holders[0]!.startingBytes));
        },
      ),
    );
  });
});
