import { join } from "node:path";
import { statSync } from "node:fs";
import mocha from "mocha";
import type { MochaOptions, Runner } from "mocha";
import { blockedBy } from "../report/blocked.ts";
import { messageOf } from "../errors.ts";
import type { FullRunner } from "./run-record.ts";
import { beginPhase, beginSpecs, phaseSummary } from "./clock.ts";
import { JUnitReporter } from "./junit-reporter.ts";
import { finishRun, missingEngine, runConfig, runProperties } from "./run.ts";

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

/** Mocha's reporter for a run: specs on the terminal, JUnit XML in a file, and the times at the end. */
export class Reporter extends mocha.reporters.Spec {
  readonly #junit: JUnitReporter;

  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    const { suite = "specs", path } = (options.reporterOptions ?? {}) as { suite?: string; path?: string };
    this.#junit = new JUnitReporter(runner as ConstructorParameters<typeof JUnitReporter>[0], options, {
      path: path ?? reportFile(runConfig().reportPath, suite),
      suite,
      stack: runConfig().reportStack,
      properties: runProperties,
    });
    if ((runner as FullRunner).isParallelMode()) {
      // What happens in a worker is told when its file is done.
      runner.once("start", beginSpecs).once("end", () => beginPhase("release"));
      return;
    }
    runner.on("test", beginSpecs);
    runner.on("hook", ({ title, parent }) => {
      if (parent?.root === true && title.startsWith('"after all"')) beginPhase("release");
    });
  }

  /** The list of failures: each cause once, and the specs that it blocked as a number. */
  override epilogue(): void {
    const shown = new Set<unknown>();
    const causes = this.failures.filter(({ err }) => {
      const repeated = shown.has(err) || blockedBy(err?.message ?? "") !== undefined;
      shown.add(err);
      return !repeated;
    });
    const repeated = this.failures.length - causes.length;
    this.failures = causes;
    super.epilogue();
    const missing = missingEngine();
    if (missing !== undefined)
      console.log(`  ${this.stats.pending} specs are pending, for want of an engine: ${missing}\n`);
    if (repeated > 0)
      console.log(`  ${repeated} of the failures have a cause that is shown above; the report has them all.\n`);
  }

  /** Mocha's last call. A report that cannot be written, or anything left on the engine, fails the run, however green it was. */
  override done(failures: number, exit: (code: number) => void): void {
    const problems: string[] = [];
    const attempt = async (what: string, work: () => void | Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        problems.push(`${what}: ${messageOf(error)}`);
      }
    };
    void (async () => {
      await attempt("The run cannot be closed", finishRun);
      await attempt("The report cannot be written", () => this.#junit.write());
      for (const problem of problems) console.error(problem);
      console.log(phaseSummary());
      exit(failures > 0 || problems.length > 0 ? 1 : 0);
    })();
  }
}

// Mocha loads a reporter with require(), and this is what that returns.
export { Reporter as "module.exports" };
