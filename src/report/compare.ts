import type { Ctrf, CtrfTest } from "./ctrf.ts";

/** What is otherwise than in the run before. Tests are named by their ids. */
export interface Comparison {
  readonly previousAt: string;
  readonly newFailures: readonly string[];
  readonly fixed: readonly string[];
  readonly slower: readonly { readonly testId: string; readonly fromMs: number; readonly toMs: number }[];
  readonly added: number;
  readonly gone: number;
}

/** Slower is what takes at least so many times as long, and so many milliseconds more. */
const SLOWER_TIMES = 1.5;
const SLOWER_MS = 100;

/** Compares a run with the one before. What was skipped or not finished in one of them is neither new nor fixed. */
export function compare(now: Ctrf, previous: Ctrf): Comparison {
  const before = new Map(previous.results.tests.map((test) => [test.testId, test]));
  const tests = now.results.tests;
  const known = tests.flatMap((test) => {
    const old = before.get(test.testId);
    return old === undefined ? [] : [{ test, old }];
  });
  const turned = (from: CtrfTest["status"], to: CtrfTest["status"]): string[] =>
    known.filter(({ test, old }) => old.status === from && test.status === to).map(({ test }) => test.testId);
  const added = tests.filter(({ testId }) => !before.has(testId));
  return {
    previousAt: previous.timestamp,
    newFailures: [
      ...turned("passed", "failed"),
      ...added.filter(({ status }) => status === "failed").map(({ testId }) => testId),
    ],
    fixed: turned("failed", "passed"),
    slower: known
      .filter(({ test, old }) => test.status === "passed" && old.status === "passed" && isSlower(test, old))
      .map(({ test, old }) => ({ testId: test.testId, fromMs: old.duration, toMs: test.duration })),
    added: added.length,
    gone: before.size - known.length,
  };
}

function isSlower({ duration }: CtrfTest, { duration: before }: CtrfTest): boolean {
  return duration >= SLOWER_TIMES * before && duration - before >= SLOWER_MS;
}
