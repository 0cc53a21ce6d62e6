import { expect } from "chai";
import { runFixtures } from "./junit.ts";
import type { Run, TestCase } from "./junit.ts";

const secret = "c6f3-what-nobody-should-read";

for (const [mode, files, words] of [
  ["in one process", ["explains"], []],
  ["in parallel workers", ["explains", "green"], ["--parallel", "--jobs", "2"]],
] as const)
  describe(`failures ${mode}`, function () {
    // However busy this machine is.
    this.timeout(120_000);
    let run: Run;
    before("they are reported", async () => {
      run = await runFixtures(files, { words, environment: { EXPLAINS_TOKEN: secret } });
    });
    const caseOf = (name: string): TestCase =>
      run.report.testsuite.flatMap(({ testcase }) => testcase).find((each) => each.name === name) ??
      expect.fail(`no case ${name} in the report`);
    /** What the terminal shows of a failure, from its title to the next. */
    const shown = (title: string): string =>
      new RegExp(
        `^ +\\d+\\) [^\\n]*\\n(?:[^\\n]+\\n)*? +${title}:\\n[\\s\\S]*?(?=\\n  \\d+\\) |$(?![\\s\\S]))`,
        "m",
      ).exec(run.terminal.slice(run.terminal.indexOf(" failing")))?.[0] ??
      expect.fail(`no failure "${title}" on the terminal`);

    it("have their own requests below them on the terminal", () => {
      expect(shown("fails after a request")).to.match(/said \*\*\*[\s\S]* at [\s\S]*→ GET \S+\/todos\n[\s\S]*← 200\n/);
      expect(shown("fails without one")).not.to.include("→");
    });

    it("have them in the report's output, and not in the failure", () => {
      const { failure, "system-out": output } = caseOf("fails after a request");
      expect(failure).to.deep.equal({ message: "said ***", type: "Error", "#text": "said ***" });
      expect(output).to.match(/^→ GET \S+\/todos\n([\s\S]*\n)?← 200\n/);
      expect(caseOf("fails without one")).not.to.have.property("system-out");
    });

    // A cause is not enumerable: mocha does not carry it from a worker.
    if (words.length === 0)
      it("show their causes on the terminal", () => {
        expect(shown("fails after a request")).to.include("Caused by: Error: because of ***");
      });

    it("show no secret, in a difference neither", () => {
      expect(shown("fails with a difference")).to.include("it is ***");
      expect(`${run.terminal}${run.xml}`).not.to.include(secret);
    });

    it("name the hook's failure in each spec that it kept from running", () => {
      const blocked = ["is blocked by it", "is blocked by it too", "is blocked each time", "is blocked each time too"];
      expect(blocked.map((name) => caseOf(name).failure?.["#text"])).to.deep.equal([
        "blocked: no set-up today",
        "blocked: no set-up today",
        "blocked: No set-up each time",
        "blocked: No set-up each time",
      ]);
    });

    it("are listed once for each hook, and the specs that it kept from running are counted", () => {
      expect(run.terminal).to.include("4 specs were not run, for a hook failed before them");
      expect(run.terminal.match(/^ +(Error: )?No set-up each time$/gim)).to.have.length(1);
    });
  });
