import type { Comparison } from "../compare.ts";
import { baseOf, nameOf } from "../ctrf.ts";
import type { CtrfTest, StoredResults } from "../ctrf.ts";

/** The results of one suite, as the page has them. It links to their file by its name. */
export interface PageReport extends StoredResults {
  /** With the run before, where its results lie in the folder. */
  readonly comparison?: Comparison | undefined;
  /** What this page leaves out of them, a line each. */
  readonly leftOut: readonly string[];
}

/** All that the page shows. */
export interface PageData {
  readonly madeAt: number;
  readonly reports: readonly PageReport[];
}

/** A spec in a list: with what it is part of, and what it is called in addresses. */
export interface Row {
  readonly test: CtrfTest;
  readonly report: PageReport;
  readonly id: string;
}

export type Filter = "all" | "failed" | "flaky" | "slow" | "skipped" | "new";

/** So many of the slowest specs are shown as slow, when they take longer than this, in milliseconds. */
const SLOWEST = 50;
const SLOW_MS = 100;

export function rowsOf({ reports }: PageData): Row[] {
  return reports.flatMap((report) =>
    causesFirst(report.results.tests).map((test) => ({
      test,
      report,
      id: `${baseOf(report.file)}/${test.testId}`,
    })),
  );
}

/** A hook that failed before the specs of its suite, which have not run for it. */
function causesFirst(tests: readonly CtrfTest[]): readonly CtrfTest[] {
  const suites = Map.groupBy(tests, ({ filePath, suite = [] }) => [filePath, ...suite].join("\n"));
  const last = ({ name }: CtrfTest): boolean => !name.startsWith('"before all"');
  return [...suites.values()].flatMap((own) => own.toSorted((a, b) => Number(last(a)) - Number(last(b))));
}

/** True where nothing that is red may be overlooked: failed, or not finished. */
export function isRed({ status }: CtrfTest): boolean {
  return status === "failed" || status === "other";
}

/** True of a spec that has not run, for a hook failed before it. */
export function isBlocked({ extra }: CtrfTest): boolean {
  return extra?.blocked === true;
}

/** "3 failed, 5 not run" */
export function failedOf(tests: readonly CtrfTest[]): string {
  const red = tests.filter(isRed);
  const blocked = red.filter(isBlocked).length;
  return `${red.length - blocked} failed${blocked > 0 ? `, ${blocked} not run` : ""}`;
}

/** The rows that a filter lets through, and that have all words of the text in their names. */
export function chosen(rows: readonly Row[], filter: Filter, text: string): readonly Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = rows.filter(({ test: { name, suite = [], filePath = "", message = "" }, report }) => {
    const all = [nameOf(report), filePath, ...suite, name, message].join(" ").toLowerCase();
    return words.every((word) => all.includes(word));
  });
  if (filter === "failed") return matching.filter(({ test }) => isRed(test));
  if (filter === "flaky") return matching.filter(({ test }) => test.flaky);
  if (filter === "skipped") return matching.filter(({ test }) => test.status === "skipped");
  if (filter === "new")
    return matching.filter(({ test, report }) => report.comparison?.newFailures.includes(test.testId));
  if (filter === "slow") return slowest(matching, SLOWEST);
  return matching;
}

export function slowest(rows: readonly Row[], count: number): Row[] {
  return rows
    .filter(({ test }) => test.duration >= SLOW_MS)
    .toSorted((a, b) => b.test.duration - a.test.duration)
    .slice(0, count);
}

/** "1.2 s", "340 ms", "2 min 5 s" */
export function lasted(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}

/** "12.25 s", "1 min 4 s": with as many digits as tell it from what lies `stepMs` before and after. */
export function told(ms: number, stepMs: number): string {
  const digits = Math.max(0, Math.ceil(-Math.log10(stepMs / 1_000)));
  const seconds = Number((ms / 1_000).toFixed(digits));
  const minutes = Math.floor(seconds / 60);
  return `${minutes === 0 ? "" : `${minutes} min `}${(seconds % 60).toFixed(digits)} s`;
}

/** A moment as "2026-11-22 01:10:05 UTC": the same for whoever reads it. */
export function moment(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "1 spec", "3 specs" */
export function counted(count: number, one: string): string {
  return `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
}
