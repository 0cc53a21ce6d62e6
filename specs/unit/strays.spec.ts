import { expect } from "chai";
import { complaintsAbout, runFixtures } from "./junit.ts";
import type { Run } from "./junit.ts";

for (const [mode, files, words] of [
  ["in one process", ["strays"], []],
  ["in parallel workers", ["strays", "green"], ["--parallel", "--jobs", "2"]],
] as const)
  describe(`what nobody waits for, ${mode}`, function () {
    // However busy this machine is.
    this.timeout(120_000);
    let run: Run;
    before("it has run", async () => {
      run = await runFixtures(files, { words });
    });

    it("fails the spec that began it, and no other", () => {
      const cases = run.report.testsuite.flatMap(({ testcase }) => testcase);
      const messages = cases.map(({ name, failure, error }) => [name, (failure ?? error)?.message] as const);
      expect(Object.fromEntries(messages.filter(([name]) => name !== "passes"))).to.deep.equal({
        "fails at once": "thrown at once",
        "fails in an assertion": "expected 1 to equal 2",
        "fails when its spec has ended": "thrown late",
        "is nothing of the spec that runs then": undefined,
        "ends a spec that waits for something else": "thrown meanwhile",
        "fails after what waits for nothing": undefined,
        "is blocked": "blocked: thrown in a hook",
        '"before all" hook for "is blocked"': "thrown in a hook",
        "fails too": "thrown last",
      });
    });

    for (const [what, name, asked] of [
      ["a spec that has ended", "fails when its spec has ended", ["/late"]],
      ["a hook", '"before all" hook for "is blocked"', ["/hook"]],
    ] as const)
      it(`shows what ${what} has asked for, and nothing that others have`, () => {
        const { extra } = run.results.results.tests.find((test) => test.name === name)!;
        expect(extra?.exchanges?.map(({ url }) => new URL(url).pathname)).to.deep.equal(asked);
      });

    it("makes the run red", () => {
      expect(run.ended, run.terminal).to.not.equal(0);
    });
  });

for (const kind of ["rejection", "exception"])
  describe(`an ${kind} that nobody waits for, after the last spec`.replace("an r", "a r"), function () {
    this.timeout(120_000);
    let run: Run;
    before("it has run", async () => {
      run = await runFixtures(["stray-late"], { environment: { STRAY: kind } });
    });

    it("makes the run red", () => {
      expect(run.ended, run.terminal).to.equal(1);
    });

    it("is an error in the report", async () => {
      const cases = run.report.testsuite.flatMap(({ testcase }) => testcase);
      expect(cases.map(({ name, error }) => [name, error?.message])).to.deep.equal([
        ["passes", undefined],
        ["the run ends well", "After the last spec, nobody waited for what failed: thrown after the end"],
      ]);
      expect(await complaintsAbout(run.xml)).to.deep.equal([]);
    });

    it("is said on the terminal", () => {
      expect(run.terminal).to.include("nobody waited for what failed: thrown after the end");
    });
  });
