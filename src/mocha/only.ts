import { relative } from "node:path";
import type { Suite, Test } from "mocha";

/** What of a suite mocha keeps to itself. */
interface Marked {
  readonly _onlyTests: readonly Test[];
  readonly _onlySuites: readonly Suite[];
}

/** "specs/unit/a.spec.ts: a title" for each spec and suite that is marked with `.only`. */
export function onlyOf(suite: Suite): string[] {
  const { _onlyTests: tests, _onlySuites: suites } = suite as unknown as Marked;
  const marked = [...tests, ...suites].map(
    (each) => `${relative(process.cwd(), each.file ?? "")}: ${each.fullTitle()}`,
  );
  return [...marked, ...suite.suites.flatMap(onlyOf)];
}
