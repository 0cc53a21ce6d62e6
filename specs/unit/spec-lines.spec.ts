import { expect } from "chai";
import { runFixtures } from "./junit.ts";

describe("a run whose specs one failure keeps from running", function () {
  this.timeout(120_000);
  let terminal: string;
  before("run", async () => {
    ({ terminal } = await runFixtures(["blocked"]));
  });
  const matches = (pattern: RegExp): string[] => terminal.match(pattern) ?? [];

  it("has one line for it while specs run, and one at the end", () => {
    expect(matches(/^ +\d+\) .*/gm).map((line) => line.trim())).to.deep.equal([
      '1) "before all" hook: the target is ready for "does not run 1"',
      "1) the first suite",
    ]);
  });

  it("tells the cause once", () => {
    expect(matches(/the target is not there/g)).to.have.lengthOf(1);
  });

  it("then counts the specs that were not run", () => {
    const [before, after] = terminal.split("the target is not there");
    expect(before).not.to.include("were not run");
    expect(after).to.include("9 specs were not run");
  });

  it("has no title of a suite below which nothing else stands", () => {
    expect(matches(/the \w+ suite/g)).to.deep.equal(["the first suite", "the last suite", "the first suite"]);
  });

  it("shows what did run", () => {
    expect(terminal).to.match(/^ {2}the last suite\n +✔ runs$/m);
  });
});
