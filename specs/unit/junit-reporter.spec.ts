import { EventEmitter } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import mocha from "mocha";
import { JUnitReporter } from "../../src/mocha/junit-reporter.ts";
import type { FullRunner } from "../../src/mocha/run-record.ts";
import { complaintsAbout, parseReport, runFixtures, runMocha } from "./junit.ts";
import type { Run, TestCase, TestReport, TestSuite } from "./junit.ts";

/** The runs whose reports are looked at, begun together: most of their time is the start of a process. */
const begin = () => ({
  outcomes: runFixtures(["outcomes"]),
  killed: runFixtures(["killed"]),
  parallel: runFixtures(["small", "green"], { words: ["--parallel", "--jobs", "2"] }),
  withStacks: runFixtures(["small"], { environment: { JUNIT_REPORT_STACK: "1" } }),
  chosen: runFixtures(["small"], { words: ["--grep", "passes"] }),
  bailed: runFixtures(["small"], { words: ["--bail"] }),
  // A file has the name of its folder.
  unwritable: runMocha(["green"], `${import.meta.filename}/report.xml`),
});
let begun: ReturnType<typeof begin> | undefined;
const runs = () => {
  if (begun === undefined) {
    begun = begin();
    // Whoever awaits one is told of its failure; nobody awaits all of them at once.
    for (const run of Object.values(begun)) run.catch(() => {});
  }
  return begun;
};

const suiteOf = (report: TestReport, name: string): TestSuite =>
  report.testsuite.find((suite) => suite.name === name) ?? expect.fail(`no suite ${name} in the report`);
const casesOf = (report: TestReport): TestCase[] => report.testsuite.flatMap(({ testcase }) => testcase);
const caseOf = (report: TestReport, name: string): TestCase =>
  casesOf(report).find((each) => each.name === name) ?? expect.fail(`no case ${name} in the report`);

/** What became of each case, by its name. */
const outcomesOf = (report: TestReport): Record<string, string> =>
  Object.fromEntries(
    casesOf(report).map((each) => [
      each.name,
      ["failure", "error", "skipped"].find((element) => element in each) ?? "passed",
    ]),
  );

/** The number before a word in what mocha has printed: "12 passing". */
const printed = (terminal: string, word: string): number =>
  Number(new RegExp(`^ *(\\d+) ${word}`, "m").exec(terminal)?.[1] ?? 0);

/** However busy this machine is. */
const RUNS_WITHIN_MS = 120_000;

describe("the report of a run with every outcome", function () {
  this.timeout(RUNS_WITHIN_MS);
  let run: Run;
  before("run", async () => {
    run = await runs().outcomes;
  });

  it("is valid by the schema of Jenkins", async () => {
    expect(await complaintsAbout(run.xml)).to.deep.equal([]);
  });

  it("goes with exit code 1", () => {
    expect(run.ended).to.equal(1);
  });

  it("has as many passed specs as mocha has printed", () => {
    const passed = Object.values(casesOf(run.report)).filter(
      (each) => !("failure" in each || "error" in each || "skipped" in each),
    );
    expect(passed).to.have.length(printed(run.terminal, "passing"));
  });

  it("has as many failures and errors as mocha has printed", () => {
    const { failures, errors } = run.report;
    expect(Number(failures) + Number(errors)).to.equal(printed(run.terminal, "failing"));
  });

  it("has as many skipped specs as mocha has printed", () => {
    const skipped = casesOf(run.report).filter((each) => "skipped" in each);
    expect(skipped).to.have.length(printed(run.terminal, "pending"));
  });

  it("has totals that are the sums of its suites", () => {
    const sum = (count: "tests" | "failures" | "errors"): string =>
      String(run.report.testsuite.reduce((total, suite) => total + Number(suite[count]), 0));
    const { tests, failures, errors } = run.report;
    expect({ tests, failures, errors }).to.deep.equal({
      tests: sum("tests"),
      failures: sum("failures"),
      errors: sum("errors"),
    });
  });

  it("has in each suite as many cases as it says", () => {
    const wrong = run.report.testsuite.filter(({ tests, testcase }) => testcase.length !== Number(tests));
    expect(wrong).to.deep.equal([]);
  });

  it("names the suite of a case with all suites around it", () => {
    expect(run.report.testsuite.map(({ name }) => name)).to.include("outer › inner 1.0");
  });

  it("has class names with one full stop, after the report's name", () => {
    expect(caseOf(run.report, "takes a while")).to.have.property("classname", "fixtures.outer › inner 1․0");
  });

  it("has a class name for a spec outside of any suite", () => {
    expect(caseOf(run.report, "stands outside of any suite")).to.have.property("classname", "fixtures");
  });

  it("keeps a case that comes after a nested suite in its own", () => {
    expect(suiteOf(run.report, "outer").testcase.map(({ name }) => name)).to.deep.equal([
      "comes before the inner suite",
      "comes after the inner suite",
    ]);
  });

  it("counts the time of a nested suite to the suite around it", () => {
    const [outer, inner] = ["outer", "outer › inner 1.0"].map((name) => Number(suiteOf(run.report, name).time));
    expect(outer).to.be.at.least(inner!).and.above(0);
  });

  it("has no time for a suite that never began", () => {
    expect(suiteOf(run.report, "a before hook that fails › inside")).to.have.property("time", "0.000");
  });

  it("has files as seen from the working directory", () => {
    expect(new Set(casesOf(run.report).map(({ file }) => file))).to.deep.equal(
      new Set(["specs/unit/fixtures/outcomes.ts"]),
    );
  });

  it("has pending specs, and specs that skip themselves", () => {
    expect(outcomesOf(run.report)).to.include({ "is pending": "skipped", "skips itself": "skipped" });
  });

  it("shows the difference between what was expected and what was found", () => {
    expect(caseOf(run.report, "fails with a difference").failure?.["#text"])
      .to.include('-  "title": "walk the dog"')
      .and.include('+  "title": "walk the cat"');
  });

  it("has no stack traces", () => {
    expect(caseOf(run.report, "fails").failure?.["#text"]).to.equal("as it should");
  });

  it("shows the tries of a spec that passed at last", () => {
    expect(caseOf(run.report, "passes at the third try").flakyFailure?.map(({ message }) => message)).to.deep.equal([
      "try 1",
      "try 2",
    ]);
  });

  it("shows the tries of a spec that failed at last, beside its failure", () => {
    const { failure, rerunFailure } = caseOf(run.report, "fails at every try");
    expect([failure?.message, rerunFailure?.length]).to.deep.equal(["as it should", 1]);
  });

  it("has a retried spec once", () => {
    expect(suiteOf(run.report, "retries").testcase).to.have.length(2);
  });

  it("has a hook that failed as an error", () => {
    expect(outcomesOf(run.report)).to.include({
      '"before all" hook: set up for "is blocked"': "error",
      '"before each" hook: set up for "is the first to be blocked"': "error",
      '"after all" hook: tear down for "has passed before"': "error",
    });
  });

  it("has the specs that a failed hook kept from running, as failed", () => {
    expect(outcomesOf(run.report)).to.include({
      "is blocked": "failure",
      "is blocked too": "failure",
      "is the first to be blocked": "failure",
      "is blocked after it": "failure",
    });
  });

  it("has a spec that passed before a hook failed as passed", () => {
    expect(outcomesOf(run.report)).to.include({ "has passed before": "passed" });
  });

  for (const name of [
    "with \uFFFD and colour and \uFFFD",
    "with 🐕 and 👩‍👩‍👧‍👦",
    "with ]]> and <b>\"markup\"</b> & 'quotes'",
    "with half an emoji \uFFFD",
  ])
    it(`has the name and the failure ${name}`, () => {
      expect(caseOf(run.report, name).failure).to.include({ message: name, "#text": name });
    });

  it("has a name of ten thousand characters", () => {
    const [longest] = casesOf(run.report)
      .map(({ name }) => name.length)
      .toSorted((a, b) => b - a);
    expect(longest).to.be.above(10_000);
  });
});

describe("the report of a run", function () {
  this.timeout(RUNS_WITHIN_MS);

  it("has stack traces on demand", async () => {
    const { report } = await runs().withStacks;
    expect(caseOf(report, "fails then").failure?.["#text"]).to.match(/^Error: as it should\n.*at .*small\.ts/s);
  });

  it("has the specs that were chosen, and no others", async () => {
    const { report } = await runs().chosen;
    expect(outcomesOf(report)).to.deep.equal({ "passes first": "passed", "passes last": "passed" });
  });

  it("has what it did not get to after the first failure as skipped", async () => {
    const { report } = await runs().bailed;
    expect(outcomesOf(report)).to.deep.equal({
      "passes first": "passed",
      "fails then": "failure",
      "passes last": "skipped",
    });
  });

  it("has what parallel workers ran", async () => {
    const { report } = await runs().parallel;
    expect(outcomesOf(report)).to.deep.equal({
      "passes first": "passed",
      "fails then": "failure",
      "passes last": "passed",
      passes: "passed",
    });
  });
});

describe("the report of a run that is killed", function () {
  this.timeout(RUNS_WITHIN_MS);
  let run: Run;
  before("run", async () => {
    run = await runs().killed;
  });

  it("is of a run that did not end by itself", () => {
    expect(run.ended).to.equal("SIGKILL");
  });

  it("is valid by the schema of Jenkins", async () => {
    expect(await complaintsAbout(run.xml)).to.deep.equal([]);
  });

  it("has specs that had finished as they were, and all others as errors", () => {
    expect(outcomesOf(run.report)).to.deep.equal({
      "finishes this": "passed",
      "is killed in this": "error",
      "never begins this": "error",
    });
  });
});

describe("the report while specs run", function () {
  this.timeout(RUNS_WITHIN_MS);

  it("has each spec as it ended when the next one begins, though no timer has run", async () => {
    const { ended, terminal } = await runFixtures(["reads-report"]);
    expect(ended, terminal).to.equal(0);
  });

  it("is not written for each of many specs that take no time", async () => {
    const { report, writes } = await reportOf(3_000, (runner, test) => runner.emit("pass", test));
    const { tests, failures, errors } = parseReport(report);
    expect(writes).to.be.within(3, 1_000);
    expect({ tests, failures, errors }).to.deep.equal({ tests: "3000", failures: "0", errors: "0" });
  });

  it("has ten MiB of evidence, and beyond that where the whole logs are", async () => {
    const lines = ["x".repeat(60_000)];
    const specEvidence = { exchanges: [], logs: [{ service: "web", lines }], attachments: ["reports/logs/web.log"] };
    const { report } = await reportOf(300, (runner, test) =>
      runner.emit("fail", test, Object.assign(new Error("no"), { specEvidence })),
    );
    expect(report.length).to.be.within(10_000_000, 11_000_000);
    const outputs = parseReport(report).testsuite.flatMap(({ testcase }) => testcase.map((each) => each["system-out"]));
    expect(outputs[0]).to.match(/^web wrote:\n +x+\n\[\[ATTACHMENT\|reports\/logs\/web\.log\]\]$/);
    expect(outputs.at(-1)).to.match(/^What was seen meanwhile is left out: .*\n\[\[ATTACHMENT\|reports\/logs\/web/);
    expect(await complaintsAbout(report)).to.deep.equal([]);
  });
});

/** The report of a run of so many specs, at its end, and how often it was written. */
async function reportOf(count: number, end: (runner: EventEmitter, test: mocha.Test) => void) {
  const folder = await mkdtemp(join(tmpdir(), "stackspec-report-"));
  const path = join(folder, "report.xml");
  const suite = new mocha.Suite("many");
  const tests = Array.from({ length: count }, (_, number) => new mocha.Test(`spec ${number}`, () => {}));
  for (const test of tests) suite.addTest(test);
  let writes = 0;
  const properties = (): Record<string, string> => {
    writes += 1;
    return {};
  };
  const runner = Object.assign(new EventEmitter(), { suite, isParallelMode: () => false });
  const junit = { path, suite: "unit", stack: false, properties };
  const reporter = new JUnitReporter(runner as unknown as FullRunner, {}, junit);
  runner.emit("start");
  for (const test of tests) end(runner, test);
  reporter.write();
  const report = await readFile(path, "utf8");
  await rm(folder, { recursive: true });
  return { report, writes };
}

describe("a report that cannot be written", function () {
  this.timeout(RUNS_WITHIN_MS);
  let run: Pick<Run, "ended" | "terminal">;
  before("run", async () => {
    run = await runs().unwritable;
  });

  it("makes a green run fail", () => {
    expect(run.ended).to.equal(1);
  });

  it("is said to be so", () => {
    expect(run.terminal).to.match(/^The report cannot be written: E\w+: .*junit-reporter\.spec\.ts/m);
  });

  it("does not keep the specs from running", () => {
    expect(printed(run.terminal, "passing")).to.equal(1);
  });
});
