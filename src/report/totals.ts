import { readFileSync } from "node:fs";
import { usageError } from "../errors.ts";
import { junitParser } from "./junit-parser.ts";

/** How many cases of one or more reports ended how. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of those that passed: only when they were tried again. */
  readonly flaky: number;
}

/** A case that failed: what it is called, and the first line of why. */
export interface Failure {
  readonly name: string;
  readonly message: string;
}

interface Problem {
  readonly message?: string;
}

interface Case {
  readonly name: string;
  readonly classname: string;
  readonly failure?: Problem;
  readonly error?: Problem;
  readonly flakyFailure?: unknown;
}

interface Suite {
  readonly tests?: string;
  readonly failures?: string;
  readonly errors?: string;
  readonly skipped?: string;
  readonly testcase?: readonly Case[];
}

interface Report {
  readonly testsuites?: { readonly testsuite?: readonly Suite[] };
  readonly testsuite?: readonly Suite[];
}

const COUNTS = ["tests", "failures", "errors", "skipped"] as const;

/**
 * Adds up the test suites of JUnit reports, ours or of others: those of a specs image come from its own reporter.
 *
 * @throws `USAGE` if a file is none
 */
export function readTotals(paths: readonly string[]): Totals {
  const totals = { passed: 0, failed: 0, skipped: 0, flaky: 0 };
  for (const suite of paths.flatMap(suitesOf)) {
    const [tests = 0, failures = 0, errors = 0, skipped = 0] = COUNTS.map((name) => Number(suite[name] ?? 0));
    totals.passed += tests - failures - errors - skipped;
    totals.failed += failures + errors;
    totals.skipped += skipped;
    totals.flaky += suite.testcase?.filter((each) => "flakyFailure" in each).length ?? 0;
  }
  return totals;
}

/** The cases of such a report that failed, in the order in which they stand there. */
export function readFailures(path: string): Failure[] {
  return suitesOf(path).flatMap(({ testcase }) => testcase?.flatMap(failuresOf) ?? []);
}

/** "251 passed, 1 failed" and, if any, ", 2 skipped" and ", 1 flaky", which is among those that passed. */
export function totalsLine({ passed, failed, skipped, flaky }: Totals): string {
  const others = Object.entries({ skipped, flaky }).filter(([, count]) => count > 0);
  return [`${passed} passed`, `${failed} failed`, ...others.map(([word, count]) => `${count} ${word}`)].join(", ");
}

function failuresOf({ name, classname, failure, error }: Case): Failure[] {
  const problem = failure ?? error;
  if (problem === undefined) return [];
  return [{ name: `${classname}: ${name}`, message: (problem.message ?? "").replace(/\n.*/s, "") }];
}

/** A root of many suites or one suite as the root: writers of JUnit reports do either, and leave out counts of none. */
function suitesOf(path: string): readonly Suite[] {
  const { testsuites, testsuite } = junitParser.parse(readFileSync(path, "utf8")) as Report;
  if (testsuites === undefined && testsuite === undefined)
    throw usageError(
      path,
      "expected a JUnit report, found neither <testsuites> nor <testsuite>: whoever wrote it was cut off, or writes another format",
    );
  return testsuite ?? testsuites?.testsuite ?? [];
}
