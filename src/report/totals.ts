import { readFileSync } from "node:fs";

/** How many cases of one or more reports ended how. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Adds up the test suites of JUnit reports that `JUnitReporter` or `abortedReport` wrote. */
export function readTotals(paths: readonly string[]): Totals {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const path of paths) {
    for (const [tag] of readFileSync(path, "utf8").matchAll(/<testsuite [^>]*>/g)) {
      const count = (name: string): number => Number(new RegExp(` ${name}="(\\d+)"`).exec(tag)?.[1] ?? 0);
      const failed = count("failures") + count("errors");
      totals.passed += count("tests") - failed - count("skipped");
      totals.failed += failed;
      totals.skipped += count("skipped");
    }
  }
  return totals;
}

/** "251 passed, 1 failed" and, if any, ", 2 skipped". */
export function totalsLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}
