import { expect } from "chai";
import { validateStrict } from "ctrf";
import type { Ctrf, CtrfTest } from "../../src/report/ctrf.ts";
import { runFixtures } from "./junit.ts";
import type { Run } from "./junit.ts";

/** However busy this machine is. */
const RUNS_WITHIN_MS = 120_000;

const testsOf = ({ results }: Ctrf): readonly CtrfTest[] => results.tests;
const testOf = (results: Ctrf, name: string): CtrfTest =>
  testsOf(results).find((each) => each.name === name) ?? expect.fail(`no test ${name} in the results`);

describe("the results of a run with every outcome", function () {
  this.timeout(RUNS_WITHIN_MS);
  let run: Run;
  before("run", async () => {
    run = await runFixtures(["outcomes"]);
  });

  it("are valid by the schema of CTRF", () => {
    expect(() => validateStrict(run.results)).not.to.throw();
  });

  it("have as many tests as the report has cases", () => {
    const cases = run.report.testsuite.flatMap(({ testcase }) => testcase);
    expect(testsOf(run.results)).to.have.lengthOf(cases.length);
  });

  it("have totals that are those of the report", () => {
    const { tests, failed, other } = run.results.results.summary;
    const { failures, errors, ...report } = run.report;
    expect([tests, failed + other]).to.deep.equal([Number(report.tests), Number(failures) + Number(errors)]);
  });

  it("say that the run is over", () => {
    expect(run.results.results.extra.isOver).to.equal(true);
  });

  it("have both sides of a difference", () => {
    const { expected, actual } = testOf(run.results, "fails with a difference").extra!;
    expect([expected, actual]).to.deep.equal(['{\n  "title": "walk the cat"\n}', '{\n  "title": "walk the dog"\n}']);
  });

  it("have the line at which a spec failed, and those around it", () => {
    const { line, snippet } = testOf(run.results, "fails with a difference");
    expect(snippet).to.match(new RegExp(`^> +${line} \\|   it\\("fails with a difference"`, "m"));
  });

  it("tell a flaky spec, with what each try failed with", () => {
    const { flaky, status, retries, retryAttempts } = testOf(run.results, "passes at the third try");
    expect({ flaky, status, retries }).to.deep.equal({ flaky: true, status: "passed", retries: 2 });
    expect(retryAttempts!.map(({ message }) => message)).to.deep.equal(["try 1", "try 2"]);
  });

  it("say which specs a hook has kept from running", () => {
    expect(testOf(run.results, "is blocked too").extra).to.deep.equal({ blocked: true });
  });

  it("say when a hook that failed ran", () => {
    const { start, stop } = testOf(run.results, '"before all" hook: set up for "is blocked"');
    expect(start).to.be.at.least(run.results.results.summary.start).and.at.most(stop!);
  });

  it("have an id for each test that no other has", () => {
    expect(new Set(testsOf(run.results).map(({ testId }) => testId))).to.have.lengthOf(testsOf(run.results).length);
  });

  it("have the phases of the run, in which the specs lie", () => {
    const { phases } = run.results.results.extra.timeline;
    const specs = phases.find(({ name }) => name === "specs")!;
    expect(testOf(run.results, "takes a while").start).to.be.within(Math.floor(specs.fromMs), specs.untilMs);
  });

  it("say on which machine that was", () => {
    const { cores, memoryBytes } = run.results.results.environment.extra.machine;
    expect([cores, memoryBytes].every((each) => each > 0)).to.equal(true);
  });
});

describe("the results of a parallel run", function () {
  this.timeout(RUNS_WITHIN_MS);
  let results: Ctrf;
  before("run", async () => {
    ({ results } = await runFixtures(["small", "green"], { words: ["--parallel", "--jobs", "2"] }));
  });

  it("are valid", () => {
    expect(() => validateStrict(results)).not.to.throw();
  });

  it("say when a spec has failed, and of others not when they ran, for nobody tells", () => {
    const { start, stop } = testOf(results, "fails then");
    expect(start).to.be.at.least(results.results.summary.start).and.at.most(stop!);
    expect(testOf(results, "passes first").start).to.equal(undefined);
  });
});

describe("the results of a run that is killed", function () {
  this.timeout(RUNS_WITHIN_MS);
  let run: Run;
  before("run", async () => {
    run = await runFixtures(["killed"]);
  });

  it("are there, and valid", () => {
    expect(run.ended).to.equal("SIGKILL");
    expect(() => validateStrict(run.results)).not.to.throw();
  });

  it("say of each spec how far it has come", () => {
    expect(testsOf(run.results).map(({ rawStatus }) => rawStatus)).to.deep.equal([
      "passed",
      "unfinished",
      "unfinished",
    ]);
  });

  it("say that the run is not over", () => {
    expect(run.results.results.extra.isOver).to.equal(false);
  });
});
