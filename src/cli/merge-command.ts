import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { readConfig } from "../config/config.ts";
import { usageError } from "../errors.ts";
import { ctrfFile } from "../report/ctrf.ts";
import { appendSummary } from "../report/github.ts";
import { problemsReport } from "../report/junit.ts";
import { PREVIOUS, readStored, writePage } from "../report/page-file.ts";
import { totalsLine } from "../report/totals.ts";
import { writeAtomically } from "../report/write.ts";
import { problemsOf } from "../sharding/check-shards.ts";
import type { ShardResults } from "../sharding/check-shards.ts";
import { mergeJUnit } from "../sharding/merge-junit.ts";
import { MERGE, mergeResults } from "../sharding/merge-results.ts";
import { complain, say } from "../terminal.ts";
import { NO_SPECS } from "./command.ts";
import type { Given } from "./command.ts";
import { lockReports } from "./lock-reports.ts";
import { oneOfMany } from "./test-command.ts";
import { sayTotals } from "./totals-view.ts";

const STORED = ctrfFile("");

/**
 * `stackspec merge`: the results of the shards of each suite as those of one run, in the folder of reports.
 *
 * @returns the exit code: 0 when all shards of all suites are there, belong together and have passed, else 1
 * @throws StackspecError `USAGE` where there are no results of a shard
 */
export async function mergeShards({ words, flags }: Given): Promise<number> {
  const config = readConfig();
  const folders = words.length > 0 ? words : [config.folders.reports];
  const suites = Map.groupBy(folders.flatMap(shardsIn), ({ path }) => basename(path, STORED));
  if (suites.size === 0)
    throw usageError(
      "stackspec merge",
      `expected the results of shards (*${STORED}) in ${folders.join(", ")}, got none: what a shard writes is in reports/shard-2-of-5/`,
    );
  const reports = new Map(
    [...suites.keys()].toSorted().map((suite) => [suite, oneOfMany(config.reportPath, suite)] as const),
  );
  lockReports(config, [...reports.values()]);
  let isWhole = true;
  for (const [suite, report] of reports) {
    const shards = suites.get(suite)!;
    const texts = shards.flatMap(junitOf);
    const problems = [
      ...problemsOf(shards),
      ...(texts.length < shards.length ? ["of some shards there is no JUnit report beside their results"] : []),
    ];
    for (const problem of problems) complain(`${suite}: ${problem}`);
    isWhole &&= problems.length === 0;
    writeAtomically(report, mergeJUnit([...texts, problemsReport(suite, MERGE, problems)]));
    writeAtomically(ctrfFile(report), JSON.stringify(mergeResults(shards, problems)));
  }
  const pages = new Set([...reports.values()].map((report) => dirname(report)));
  for (const folder of pages) await writePage(folder);
  const totals = sayTotals(reports);
  if (totals.failed > 0)
    say(`\nAll of this to look at: ${[...pages].map((folder) => join(folder, "index.html")).join(", ")}`);
  const { annotates, summary } = config.github;
  if (annotates && summary !== undefined) appendSummary(summary, readStored([...reports.values()].map(ctrfFile)));
  say(`\n${totalsLine(totals)}`);
  if (!isWhole || totals.failed > 0) return 1;
  if (flags.has(NO_SPECS) || totals.passed + totals.skipped > 0) return 0;
  complain(`USAGE: specs: expected a spec in one of the shards, got none — --${NO_SPECS} takes that for a pass`);
  return 2;
}

/** @throws StackspecError `USAGE` where there is no such folder */
function shardsIn(folder: string): ShardResults[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw usageError("stackspec merge", `expected a folder, got "${folder}"`);
  const paths = globSync(`**/*${STORED}`, { cwd: folder }).filter((path) => !path.split(sep).includes(PREVIOUS));
  return paths.toSorted().flatMap((path) =>
    readStored([join(folder, path)]).flatMap(({ file, ...content }) => {
      const { shard } = content.results.extra;
      return shard === undefined ? [] : [{ path: file, shard, content }];
    }),
  );
}

/** The JUnit report that belongs to stored results. */
function junitOf({ path }: ShardResults): string[] {
  const report = path.slice(0, -STORED.length);
  return [`${report}.xml`, report].filter((each) => existsSync(each)).map((each) => readFileSync(each, "utf8"));
}
