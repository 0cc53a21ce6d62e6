import { expect } from "chai";
import { defineStack, useStack } from "stackspec";
import { startRun } from "./child.ts";

describe("when a stack is reset", function () {
  this.timeout(60_000);

  /** How often it had been reset, as each of the two specs of each file has found it. */
  const told = new Map<string, number[]>();

  before("four files have used it", async () => {
    const files = ["a", "b", "c", "d"].map((name) => `reset-when/${name}.ts`);
    const { exitCode, output } = await startRun(files).ended;
    expect(exitCode, output).to.equal(0);
    for (const [, file, count] of output.matchAll(/^told (\w) (\d+)$/gm))
      told.set(file!, [...(told.get(file!) ?? []), Number(count)]);
  });

  it("is not before the first file", () => {
    expect(told.get("a")).to.deep.equal([0, 0]);
  });

  it('is not before a file that says reset: "none"', () => {
    expect(told.get("b")).to.deep.equal([0, 0]);
  });

  it("is before another file, also after one that said so", () => {
    expect(told.get("c")).to.deep.equal([1, 1]);
  });

  it('is before the file and before each spec that says reset: "test"', () => {
    expect(told.get("d")).to.deep.equal([3, 4]);
  });

  for (const [what, options, message] of [
    ["another time", { reset: "tests" }, 'reset: expected one of file, test, none, got "tests"'],
    ["an option that it does not have", { rest: "test" }, 'expected options among scope, reset, got "rest"'],
  ] as const)
    it(`is refused for ${what}`, () => {
      const stack = defineStack("shop", () => ({}));
      expect(() => useStack(stack, options as never)).to.throw(`USAGE: useStack(shop): ${message}`);
    });
});
