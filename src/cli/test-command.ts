import { existsSync } from "node:fs";
import { basename, dirname, extname, relative } from "node:path";
import type { Config } from "../config/config.ts";
import type { ShardSetting } from "../config/shard.ts";
import { readConfig } from "../config/config.ts";
import { reportFile } from "../mocha/reporter.ts";
import { targetNames } from "../mocha/target.ts";
import { ctrfFile } from "../report/ctrf.ts";
import { appendSummary } from "../report/github.ts";
import { readStored, removeReports } from "../report/page-file.ts";
import { totalsLine } from "../report/totals.ts";
import { onEndSignals } from "../signals.ts";
import { complain, say } from "../terminal.ts";
import { NO_SPECS, SHARD } from "./command.ts";
import type { Given } from "./command.ts";
import { lockReports } from "./lock-reports.ts";
import { selectionWords, withSelection } from "./selection-words.ts";
import { chooseShard, dealSuites } from "./shard-runs.ts";
import { runSuiteProcess } from "./suite-process.ts";
import { listSuites, suiteOf } from "./suites.ts";
import { sayTotals } from "./totals-view.ts";

interface SuiteRun {
  readonly name: string;
  readonly suite: string;
  readonly report: string;
  readonly environment: Record<string, string>;
}

/** `stackspec test`. */
export function testAll(given: Given): Promise<number> {
  const { flags, values, mocha } = given;
  const { config, shard } = chooseShard(withSelection(readConfig(), given), values.get(SHARD));
  return runAllSuites(config, mocha, flags.has(NO_SPECS) || shard !== undefined, shard);
}

/**
 * Runs the suites, each in a process and with a report of its own; one that needs a target once for each stack,
 * unless `STACK` or `URL` names one. Ends with what failed and the totals of all reports.
 *
 * @returns the exit code: 0, the signal's when stopped by one, else that of the first red suite
 */
async function runAllSuites(
  config: Config,
  mocha: readonly string[],
  passWithNoSpecs: boolean,
  shard: ShardSetting | undefined,
): Promise<number> {
  const suites = await listSuites(config);
  const runs = await planSuites(config, suites, say);
  lockReports(
    config,
    runs.map(({ report }) => report),
  );
  if (!isChosen(config)) removeStale(suites, runs);
  const ending = new AbortController();
  let signalCode: number | undefined;
  onEndSignals((_, code) => {
    signalCode = code;
    ending.abort();
  });
  // What matches in one suite only is normal.
  const isPart = config.selection.lastFailed !== undefined || mocha.some((word) => /^--f?grep=/.test(word));
  const words = [...mocha, ...selectionWords(config), ...(passWithNoSpecs || isPart ? [`--${NO_SPECS}`] : [])];
  let exitCode = 0;
  const reports = new Map<string, string>();
  const shardsOf = dealSuites(config, shard);
  for (const { name, suite, report, environment } of runs) {
    say(`\n── ${name} ${"─".repeat(40)}`);
    const settings = { ...environment, JUNIT_REPORT_PATH: report };
    const all = [...(await shardsOf(suite)), ...words];
    const code = await runSuiteProcess({ suite, mocha: all, environment: settings, signal: ending.signal });
    exitCode ||= code;
    if (existsSync(report)) reports.set(name, report);
    if (ending.signal.aborted) break;
  }
  const totals = sayTotals(reports);
  if (exitCode === 0 && !passWithNoSpecs && totals.passed + totals.skipped === 0) {
    complain(`USAGE: specs: expected a spec in one of the suites, got none — --${NO_SPECS} takes that for a pass`);
    exitCode = 2;
  }
  const { annotates, summary } = config.github;
  if (annotates && summary !== undefined && config.outerRuns.length === 0)
    appendSummary(summary, readStored([...reports.values()].map(ctrfFile)));
  // The last line is for machines: CI systems take the result from it.
  say(`\n${totalsLine(totals)}`);
  return signalCode ?? exitCode;
}

/**
 * What `stackspec test` runs: every suite that is not left out, one that needs a target once for each of its stacks where
 * none is chosen already.
 *
 * @param suites all that there are
 * @param note told what is left out
 */
export async function planSuites(
  config: Config,
  suites: readonly string[],
  note?: (line: string) => void,
): Promise<SuiteRun[]> {
  const { defaultStack } = config;
  const all = suites.map((suite) => ({ suite, ...suiteOf(config, suite) })).filter(({ test }) => test);
  // To find them loads the project's stacks.
  const asks = !isChosen(config) && all.some(({ needs, stacks }) => needs === "target" && stacks === undefined);
  const found = asks && defaultStack === undefined ? await targetNames(config, note) : [];
  const usual = defaultStack === undefined ? found : [defaultStack];
  return all.flatMap(({ suite, needs, stacks = usual }) => {
    const targets = needs === "target" && !isChosen(config) && stacks.length > 0 ? stacks : [undefined];
    return targets.map((stack) => {
      const name = stack === undefined ? suite : `${suite}-${stack}`;
      return {
        name,
        suite,
        report: oneOfMany(config.reportPath, name),
        environment: stack === undefined ? {} : { STACK: stack },
      };
    });
  });
}

/** Whether it is said what acceptance specs talk to. */
function isChosen({ stack, url, engine }: Config): boolean {
  return stack !== undefined || url !== undefined || engine === "none";
}

/**
 * Removes the reports of suites that are gone, and of suites on stacks that they do not run on any more. A folder that is
 * not the project's may have other projects' reports.
 */
function removeStale(suites: readonly string[], runs: readonly SuiteRun[]): void {
  const onStacks = new Set(runs.filter(({ name, suite }) => name !== suite).map(({ suite }) => suite));
  const names = new Set(runs.map(({ report }) => basename(report, ".xml")));
  const isStale = (name: string, suite: string): boolean =>
    !suites.includes(suite) || (onStacks.has(suite) && name.startsWith(`${suite}-`) && !names.has(name));
  const folders = new Set(runs.map(({ report }) => dirname(report)));
  for (const folder of [...folders].filter((each) => !relative("", each).startsWith("..")))
    removeReports(folder, (name, suite) => !isStale(name, suite));
}

/** Several reports cannot share a file: `ci.xml` becomes `ci-unit.xml`, and so on. */
export function oneOfMany(configured: string | undefined, name: string): string {
  const file = reportFile(configured, name);
  const extension = extname(file);
  return file === configured ? `${file.slice(0, file.length - extension.length)}-${name}${extension}` : file;
}
