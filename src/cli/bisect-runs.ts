import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { StackspecError } from "../errors.ts";
import { ctrfFile } from "../report/ctrf.ts";
import type { Ctrf, CtrfTest } from "../report/ctrf.ts";
import { isHook } from "../report/failed-specs.ts";
import { readStored } from "../report/page-file.ts";
import { writeAtomically } from "../report/write.ts";
import { say } from "../terminal.ts";
import { selectionWords } from "./selection-words.ts";
import { runSuiteProcess } from "./suite-process.ts";

/** A spec of stored results. */
export type Spec = Pick<CtrfTest, "name" | "suite" | "filePath" | "testId">;

/** More runs than there may be. */
export class TooManyRuns extends Error {}

/** Runs of some specs of a suite before the one that is asked about, each in a process of its own. */
export interface BisectRuns {
  /** How many there have been. */
  readonly count: number;
  /** Where the specs stand with which it failed last. */
  readonly chosenFile: string;
  /**
   * Whether the spec fails after these.
   *
   * @throws TooManyRuns, and StackspecError when the spec does not come to run
   */
  fails(before: readonly Spec[]): Promise<boolean>;
  /** Runs all specs of the suite. @returns those that have run before it, and whether it failed */
  all(): Promise<{ before: readonly Spec[]; fails: boolean }>;
}

/** What these runs are of. */
interface Bisected {
  readonly spec: Spec;
  readonly suite: string;
  readonly config: Config;
  /** Settings of the suite's process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Options for mocha. */
  readonly mocha: readonly string[];
  /** How many there may be. */
  readonly most: number;
  readonly signal: AbortSignal;
}

export function bisectRuns({ spec, suite, config, environment, mocha, most, signal }: Bisected): BisectRuns {
  const folder = join(config.folders.reports, "bisect");
  const report = join(folder, "run.xml");
  const chosen = join(folder, "chosen.json");
  const failing = join(folder, "failing.json");
  let count = 0;
  rmSync(folder, { recursive: true, force: true });

  const run = async (lastFailed: string | undefined): Promise<CtrfTest[]> => {
    if (count >= most) throw new TooManyRuns();
    count += 1;
    rmSync(ctrfFile(report), { force: true });
    const selection = { ...config.selection, lastFailed, repeatEach: 1, failOnFlaky: false };
    const words = [...selectionWords({ ...config, selection }), ...mocha, "--no-parallel", "--no-bail"];
    const settings = { ...environment, JUNIT_REPORT_PATH: report, STACKSPEC_FAIL_ON_FLAKY: "0", GITHUB_ACTIONS: "" };
    await runSuiteProcess({ suite, mocha: words, environment: settings, signal, isQuiet: true });
    signal.throwIfAborted();
    const [results] = readStored([ctrfFile(report)]) as readonly (Ctrf | undefined)[];
    return [...(results?.results.tests ?? [])];
  };
  const outcomeIn = (tests: readonly CtrfTest[]): boolean => {
    const found = tests.find(({ testId }) => testId === spec.testId);
    if (found !== undefined && found.status !== "skipped") return isRed(found);
    const why = tests.find(isRed)?.message ?? "it was not among the specs that ran, or was skipped";
    throw new StackspecError("USAGE", `expected it to run, got: ${why.split("\n")[0]}`, { subject: spec.name });
  };
  return {
    get count() {
      return count;
    },
    chosenFile: failing,
    async fails(before) {
      const tests = [...before, spec].map(({ name, suite: titles, filePath }) => ({
        name,
        suite: titles,
        filePath,
        status: "failed",
      }));
      const content = JSON.stringify({ results: { tests } });
      writeAtomically(chosen, content);
      const fails = outcomeIn(await run(chosen));
      if (fails) writeAtomically(failing, content);
      say(`${counted(before)}: ${fails ? "fails" : "passes"}`);
      return fails;
    },
    async all() {
      const tests = await run(undefined);
      const fails = outcomeIn(tests);
      const before = tests
        .slice(
          0,
          tests.findIndex(({ testId }) => testId === spec.testId),
        )
        .filter(({ name, status }) => !isHook(name) && status !== "skipped");
      say(`with all specs, after ${before.length} others: ${fails ? "fails" : "passes"}`);
      return { before, fails };
    },
  };
}

/** It failed, did not end, or passed only when it was tried again. */
export function isRed({ status, flaky }: CtrfTest): boolean {
  return status === "failed" || status === "other" || flaky === true;
}

function counted(before: readonly Spec[]): string {
  if (before.length === 0) return "alone";
  const files = new Set(before.map(({ filePath }) => filePath)).size;
  return `after ${before.length} ${before.length === 1 ? "other" : "others"} of ${files} ${files === 1 ? "file" : "files"}`;
}
