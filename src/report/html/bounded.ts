import type { CtrfTest } from "../ctrf.ts";
import type { PageReport } from "./model.ts";

/** How many characters of results a page has: below 20 MB with all that stands around them. */
const PAGE_LENGTH = 12 * 1024 * 1024;
/** How many lines of a log are left where there is no room for more. */
const FEW_LINES = 100;

/** The same reports with what there is room for, and what was left out said. Later ones, and what is largest, go first. */
export function bounded(reports: readonly PageReport[], length = PAGE_LENGTH): PageReport[] {
  const share = length / (reports.length || 1);
  return reports.map((report) => fitted(report, share));
}

function fitted(report: PageReport, length: number): PageReport {
  if (lengthOf(report.results) <= length) return report;
  const { results } = report;
  const { timeline } = results.extra;
  const logs = timeline.logs.map((log) => ({ ...log, lines: log.lines.slice(-FEW_LINES) }));
  const fewer = { ...results, extra: { ...results.extra, timeline: { ...timeline, logs } } };
  const leftOut = [`Of each log the last ${FEW_LINES} lines are shown on the time axis.`];
  const excess = lengthOf(fewer) - length;
  if (excess <= 0) return { ...report, results: fewer, leftOut };
  let gone = 0;
  let count = 0;
  // The first failures are those that are looked at.
  const tests = fewer.tests.toReversed().map((test): CtrfTest => {
    if (gone >= excess || test.message === undefined) return test;
    const { trace: _, snippet: __, extra: ___, retryAttempts: ____, ...rest } = test;
    const short = { ...rest, message: test.message.slice(0, 300) };
    gone += lengthOf(test) - lengthOf(short);
    count += 1;
    return short;
  });
  leftOut.push(`Of the last ${count} failures only the first lines are shown.`);
  return { ...report, results: { ...fewer, tests: tests.toReversed() }, leftOut };
}

function lengthOf(value: unknown): number {
  return JSON.stringify(value).length;
}
