import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { statSync } from "node:fs";
import mocha from "mocha";
import type { MochaOptions, Runner, Test } from "mocha";
import { messageOf } from "../errors.ts";
import { complain, say } from "../terminal.ts";
import { caseIn } from "./run-record.ts";
import type { CaseRecord, FullRunner } from "./run-record.ts";
import { evidenceOf, evidenceText, looking, shownError } from "./evidence.ts";
import { exitCodeOf, exitPessimistically } from "./exit-code.ts";
import { startClock } from "./clock.ts";
import { flakyCases, flakyLines, flakyProblem, isFlaky, triesOf, waveringLines } from "./flaky.ts";
import { JUnitReporter } from "./junit-reporter.ts";
import { onlyOf } from "./only.ts";
import { resultsOf } from "./results.ts";
import type { Results } from "./results.ts";
import { run } from "./run.ts";
import { holdLines } from "./spec-lines.ts";

/**
 * The report's file: `JUNIT_REPORT_PATH`, which may be a folder, else `reports/<suite>.xml`.
 *
 * @param configured the setting; a path that ends in a slash or is a folder already is a folder
 */
export function reportFile(configured: string | undefined, suite: string): string {
  if (configured === undefined) return join("reports", `${suite}.xml`);
  const isFolder = configured.endsWith("/") || statSync(configured, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? join(configured, `${suite}.xml`) : configured;
}

const { color } = mocha.reporters.Base;
/** Mocha's reporter for a run: specs on the terminal, JUnit XML in a file, and the times at the end. */
export class Reporter extends mocha.reporters.Spec {
  readonly #junit: JUnitReporter;
  readonly #results: Results;
  /** The specs and suites that are marked with `.only`. */
  readonly #only: readonly string[];
  /** Mocha has run in this process before, as its `--watch` does. */
  readonly #isAgain: boolean;
  /** What the order of the specs came from, when it is random. */
  readonly #order = run.choice.order;

  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    this.#isAgain = run.results?.record !== undefined;
    if (this.#isAgain) run.clock = startClock(Date.now());
    const printLines = holdLines(runner);
    exitPessimistically();
    const { suite = "specs", path } = (options.reporterOptions ?? {}) as { suite?: string; path?: string };
    const report = path ?? reportFile(run.config.reportPath, suite);
    run.choice.read(report);
    const results = resultsOf(run, report, suite);
    this.#junit = new JUnitReporter(runner as ConstructorParameters<typeof JUnitReporter>[0], options, {
      path: report,
      suite,
      stack: run.config.reportStack,
      properties: () => run.properties(),
      remark: this.#order,
      onChange: () => results.soon(),
    });
    results.record = this.#junit.record;
    const told = new Set<unknown>();
    const caseOf = (test: Test): CaseRecord | undefined => caseIn(this.#junit.record, test);
    printLines({
      isRepeated(test, error) {
        const isTold = told.has(error);
        told.add(error);
        return isTold || caseOf(test)?.blockedBy !== undefined;
      },
      remark(test) {
        const entry = caseOf(test);
        return entry !== undefined && isFlaky(entry) ? color("bright yellow", ` (${triesOf(entry)})`) : "";
      },
    });
    this.#results = results;
    this.#only = onlyOf(runner.suite);
    if (run.config.ci && this.#only.length > 0) Object.assign(runner.suite, { tests: [], suites: [], _onlyTests: [] });
    if (this.#order !== undefined) say(this.#order);
    run.failedState.begin(runner as FullRunner, report);
    if ((runner as FullRunner).isParallelMode()) {
      run.choice.leaveToWorkers();
      // What happens in a worker is told when its file is done.
      runner.once("start", run.clock.beginSpecs).once("end", () => run.clock.beginPhase("release"));
      return;
    }
    run.choice.arrange(runner.suite);
    runner.on("test", run.clock.beginSpecs);
    runner.on("hook", ({ title, parent }) => {
      if (parent?.root === true && title.startsWith('"after all"')) run.clock.beginPhase("release");
    });
  }

  /** The list of failures: each cause once, and the specs that it blocked as a number. */
  override epilogue(): void {
    const { causes, repeated, blocked } = this.#causes();
    const { startFailure } = run;
    if (startFailure !== undefined && causes.every(({ err }) => err !== startFailure)) say(messageOf(startFailure));
    // Mocha prints the stack trace below the message: the only place for more.
    this.failures = causes.map((test) => {
      const evidence = evidenceOf(test.err);
      const below = [this.#order ?? "", evidence === undefined ? "" : evidenceText(evidence)];
      const err = shownError(test.err, below.filter((part) => part !== "").join("\n\n"));
      return Object.create(test, { err: { value: err } }) as Test;
    });
    super.epilogue();
    const { record } = this.#junit;
    for (const line of [...flakyLines(flakyCases(record)), ...waveringLines(record)]) say(line);
    if (run.engineMissing !== undefined)
      say(`  ${this.stats.pending} specs are pending, for want of an engine: ${run.engineMissing}\n`);
    if (repeated > 0) say(`  ${repeated} of the failures have a cause that is shown above; the report has them all.\n`);
    if (blocked > 0) say(`  ${blocked} specs were not run, for a hook failed before them; the report has them all.\n`);
  }

  /** What failed by itself, each error once, how much else failed with the same, and how many specs did not run for it. */
  #causes(): { causes: Test[]; repeated: number; blocked: number } {
    const cases = [...this.#junit.record.suites.values()].flatMap((suite) => [...suite.cases.values()]);
    const blocked = new Set(cases.filter(({ blockedBy }) => blockedBy !== undefined).map(({ test }) => test));
    const shown = new Set<unknown>();
    const causes = this.failures.filter((test) => !blocked.has(test) && !shown.has(test.err) && shown.add(test.err));
    const kept = this.failures.filter((test) => blocked.has(test)).length;
    return { causes, repeated: this.failures.length - causes.length - kept, blocked: kept };
  }

  /** Mocha's last call. A report that cannot be written, or anything left on the engine, fails the run, however green it was. */
  override done(failures: number, exit: (code: number) => void): void {
    const refusals = failures > 0 ? [] : this.#refusals();
    const { causes } = this.#causes();
    const flaky = flakyCases(this.#junit.record);
    const problems = [...refusals];
    if (run.config.selection.failOnFlaky && flaky.length > 0) problems.push(flakyProblem(flaky));
    const attempt = async (what: string, work: () => void | Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        problems.push(`${what}: ${messageOf(error)}`);
      }
    };
    void (async () => {
      // From here on mocha's own listener would end the process at once.
      process.off("uncaughtException", (this.runner as FullRunner).uncaught);
      run.strays.endRun();
      await attempt("The run cannot be closed", () => run.finish());
      await setImmediate();
      problems.push(...run.strays.late.map((stray) => `After the last spec, nobody waited for what failed: ${stray}`));
      await attempt("The report cannot be written", () => this.#junit.write(problems));
      let page: string | undefined;
      await attempt("The results cannot be stored", async () => {
        page = await this.#results.finish(problems);
      });
      for (const problem of problems) complain(problem);
      if (page !== undefined && failures + problems.length > 0) say(`  All of this to look at: ${page}\n`);
      say(run.clock.summary());
      run.isGreen = failures === 0 && problems.length === 0;
      const isRefused = failures === 0 ? refusals.length > 0 : this.#failedForOnly();
      if (run.isGreen) return exit(0);
      if (problems.length > refusals.length) return exit(1);
      exit(isRefused ? 2 : (looking(() => exitCodeOf(causes.map(({ err }) => err))) ?? 1));
    })();
  }

  /** True where nothing failed but the loading of files: a parallel worker of mocha's refuses any `.only` so. */
  #failedForOnly(): boolean {
    if (!(this.runner as FullRunner).isParallelMode() || this.failures.length === 0) return false;
    return this.failures.every(({ err }) => messageOf(shownError(err)).startsWith("`.only` is not supported"));
  }

  /** Why this run is not what was asked for, though nothing failed. */
  #refusals(): string[] {
    const { runner } = this;
    if (run.config.ci && this.#only.length > 0)
      return [`USAGE: .only: in CI expected every spec to run, got ${this.#only.join(", ")}`];
    if (this.#only.length > 0)
      say(`  Only what is marked with .only has run, not the whole suite: ${this.#only.join(", ")}\n`);
    const hasRun = [...this.#junit.record.suites.values()].some(({ cases }) => cases.size > 0);
    if (hasRun || this.failures.length > 0) return [];
    const { _grep: grep, _invert: invert } = runner as FullRunner;
    const wanted = [
      ...(grep?.source === ".*" ? [] : [`that ${invert ? "does not match" : "matches"} ${grep}`]),
      ...(run.choice.leftOut === undefined ? [] : [run.choice.leftOut]),
    ];
    const nothing = `expected ${["a spec", ...wanted].join(" ")}, got none`;
    if (this.#isAgain)
      return [`USAGE: specs: ${nothing}: mocha's --watch loads an ES module once only — stackspec watch does so again`];
    if (!run.choice.passesWithNoSpecs) return [`USAGE: specs: ${nothing} — --pass-with-no-specs takes that for a pass`];
    say(`  No spec ran: ${nothing}\n`);
    return [];
  }
}

// Mocha loads a reporter with require(), and this is what that returns.
export { Reporter as "module.exports" };
