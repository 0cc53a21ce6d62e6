import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../config/config.ts";
import type { ShardSetting } from "../config/shard.ts";
import { ensureEngine } from "../engine/docker/install.ts";
import { messageOf, usageError } from "../errors.ts";
import { exitPessimistically } from "../mocha/exit-code.ts";
import { reportFile } from "../mocha/reporter.ts";
import { resultsOf } from "../mocha/results.ts";
import { engineMissing } from "../mocha/require-engine.ts";
import { run } from "../mocha/run.ts";
import { endBusyRuns, endOnSignals } from "../mocha/signals.ts";
import { abortedReport, junitXml } from "../report/junit.ts";
import { say } from "../terminal.ts";
import { isReplaceable, writeAtomically } from "../report/write.ts";
import { dealSuite, undealt } from "../sharding/deal-suite.ts";
import { KEEP_FAILED, NO_SPECS } from "./command.ts";
import { lockReports } from "./lock-reports.ts";
import { loadOptions } from "./mocha-modules.ts";
import type { MochaSettings } from "./mocha-modules.ts";
import { prepareTarget } from "./prepare-target.ts";
import { specFiles, suiteOf } from "./suites.ts";

interface SuiteWords {
  /** The suite's folder in the folder of specs. */
  readonly suite: string;
  /** Spec files to run instead of all. */
  readonly files: readonly string[];
  /** Options for mocha. */
  readonly mocha: readonly string[];
  /** That there is nothing to run is well. */
  readonly passWithNoSpecs: boolean;
  /** Runs some of these files only; undefined: all. */
  readonly shard: ShardSetting | undefined;
}

/**
 * Runs one suite — a folder in the folder of specs — with mocha in this process, which then ends.
 *
 * @throws StackspecError before any spec has run; the report then says why
 */
export async function runSuite(config: Config, words: SuiteWords): Promise<void> {
  run.config = config;
  const { suite, shard } = words;
  const report = reportFile(config.reportPath, suite);
  run.choice.read(report);
  lockReports(config, [report]);
  const results = resultsOf(run, report, suite);
  results.shard = shard && undealt(shard);
  const writeReport = (why: string): void => {
    writeAtomically(report, abortedReport(suite, why));
    results.write([why]);
  };
  try {
    if (isReplaceable(report)) writeReport("the run was ended before its first spec");
  } catch (cause) {
    throw usageError(
      "JUNIT_REPORT_PATH",
      `expected a file that can be written, got "${report}": ${messageOf(cause)}`,
      cause,
    );
  }
  run.onAbort = async (why) => {
    writeReport(why);
    await results.finish([why]);
  };
  try {
    await prepareAndRun(config, words, report);
  } catch (error) {
    await run.onAbort(messageOf(error));
    throw error;
  }
}

async function prepareAndRun(
  config: Config,
  { suite, files, mocha: words, passWithNoSpecs, shard }: SuiteWords,
  report: string,
): Promise<void> {
  const all =
    files.length > 0 ? files.filter((file) => existsSync(file)) : await specFiles(config, suite, passWithNoSpecs);
  const own = shard === undefined ? all : ownFiles(all, shard, config);
  const found = run.choice.files(own);
  if (found.length === 0) {
    const { leftOut = "in this shard" } = run.choice;
    if (own.length > 0 && !passWithNoSpecs && shard === undefined)
      throw usageError("specs", `expected one ${leftOut}, got none — --${NO_SPECS} takes that for a pass`);
    say(`No spec ran: ${all.length === 0 ? "there are no such files" : `there is none ${leftOut}`}`);
    writeAtomically(report, junitXml({ name: suite, timeMs: 0, suites: [], properties: {} }));
    return void (await run.results?.finish());
  }
  if (config.onFailure.keeps && loadOptions(words).parallel === true)
    throw usageError(`--${KEEP_FAILED}`, "expected a run in one process, got --parallel");
  // What matches in one shard only is normal.
  run.choice.passesWithNoSpecs = passWithNoSpecs || shard !== undefined;
  endOnSignals();
  void endBusyRuns();

  const load = () => import("mocha/lib/cli/cli.js");
  let loading: ReturnType<typeof load> | undefined;
  const loadMocha = () => (loading ??= load());
  const { needs, isSaid } = suiteOf(config, suite);
  const target = needs === "target" ? await prepareTarget(config, loadMocha) : undefined;
  const asked = needs === "engine" ? ensureEngine(config, say) : undefined;
  // Whatever has to be asked has been asked: now there is time.
  void loadMocha();
  const engine = await asked;
  if (engine !== undefined && "error" in engine) run.engineError = engine.error;
  run.clock.beginPhase("load specs");
  const options = loadOptions(words);
  const jobs = options.jobs ?? availableParallelism();
  if (options.parallel === true && jobs > 1) {
    const hasEngine = engine === undefined ? !isSaid && (await engineMissing()) === undefined : !("missing" in engine);
    if (target !== undefined || hasEngine) await run.shareWithWorkers(jobs, target);
  }
  const ours = ownWords(options);
  // Another reporter than ours does not say how the run has ended.
  if (ours.includes("--reporter")) exitPessimistically();
  (await loadMocha()).main([...found, "--reporter-option", `suite=${suite}`, ...ours, ...words]);
}

/** The spec files of this shard. Its results say so. */
function ownFiles(files: readonly string[], shard: ShardSetting, { timings }: Config): readonly string[] {
  const { stored, line } = dealSuite(files, shard, timings);
  say(line);
  run.results!.shard = stored;
  return stored.own;
}

/** What a project's own mocha settings leave open: our hooks, our reporter, and no waiting for what a spec has left open. */
function ownWords({ require: required = [], reporter = "spec", exit, parallel, jobs }: MochaSettings): string[] {
  const [hooks, ownReporter] = ["hooks", "reporter"].map((name) =>
    fileURLToPath(new URL(`../mocha/${name}${extname(import.meta.url)}`, import.meta.url)),
  ) as [string, string];
  return [
    ...([required].flat().some((path) => resolve(path) === hooks) ? [] : ["--require", hooks]),
    ...(reporter === "spec" ? ["--reporter", ownReporter] : []),
    ...(exit === undefined ? ["--exit", "--fail-hook-affected-tests"] : []),
    // Said twice, one job is two to mocha.
    ...(parallel === true && jobs === undefined ? ["--jobs", String(availableParallelism())] : []),
    ...(run.config.onFailure.keeps ? ["--bail"] : []),
  ];
}
