import { readFileSync } from "node:fs";
import { XMLParser } from "fast-xml-parser";

/** How many cases of one or more reports ended how. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A case that failed: what it is called, and the first line of why. */
export interface Failure {
  readonly name: string;
  readonly message: string;
}

interface Problem {
  readonly message?: string;
}

interface Suite {
  readonly tests: string;
  readonly failures: string;
  readonly errors: string;
  readonly skipped: string;
  readonly testcase?: readonly { name: string; classname: string; failure?: Problem; error?: Problem }[];
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  isArray: (name) => ["testsuite", "testcase"].includes(name),
});

/** Adds up the test suites of JUnit reports that `JUnitReporter` or `abortedReport` wrote. */
export function readTotals(paths: readonly string[]): Totals {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of paths.flatMap(suitesOf)) {
    const failed = Number(suite.failures) + Number(suite.errors);
    totals.passed += Number(suite.tests) - failed - Number(suite.skipped);
    totals.failed += failed;
    totals.skipped += Number(suite.skipped);
  }
  return totals;
}

/** The cases of such a report that failed, in the order in which they stand there. */
export function readFailures(path: string): Failure[] {
  return suitesOf(path).flatMap(({ testcase = [] }) =>
    testcase.flatMap(({ name, classname, failure, error }) => {
      const problem = failure ?? error;
      const [message = ""] = (problem?.message ?? "").split("\n");
      return problem === undefined ? [] : [{ name: `${classname}: ${name}`, message }];
    }),
  );
}

/** "251 passed, 1 failed" and, if any, ", 2 skipped". */
export function totalsLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

function suitesOf(path: string): readonly Suite[] {
  const { testsuites } = parser.parse(readFileSync(path, "utf8")) as { testsuites: { testsuite?: readonly Suite[] } };
  return testsuites.testsuite ?? [];
}
