import { createHash } from "node:crypto";
import { relative, sep } from "node:path";
import type { Suite, Test } from "mocha";
import type { Selection } from "../config/selection.ts";
import type { FailedSpecs } from "../report/failed-specs.ts";
import { suiteTitles } from "./titles.ts";

/** What of mocha is not in its types: the specs of a suite that are marked with `.only`, and whether a spec is another try. */
interface Marked {
  _onlyTests: Test[];
}
type Retried = Test & { retriedTest(test: undefined): void };

/**
 * Chooses and arranges the specs of a run before it begins, here or in a parallel worker: those that failed, each so many times,
 * in an order at random. A file's, a suite's or a spec's place depends on the seed and on its own path and titles, so that any
 * two come in the same order whatever else runs.
 *
 * @param failed those that failed in the last run; undefined: all are run
 */
export function arrange(
  root: Suite,
  { seed, repeatEach }: Pick<Selection, "seed" | "repeatEach">,
  failed?: FailedSpecs,
): void {
  const change = (suite: Suite): void => {
    const marked = suite as unknown as Marked;
    const only = new Set(marked._onlyTests);
    const chosen = failed === undefined ? suite.tests : suite.tests.filter((test) => isAmong(failed, test));
    const each = chosen.map((test) => ({ test, runs: repeatEach > 1 ? repeated(test, repeatEach) : [test] }));
    const inOrder = (tests: Test[]): Test[] => (seed === undefined ? tests : shuffled(tests, seed));
    suite.tests = inOrder(each.flatMap(({ runs }) => runs));
    marked._onlyTests = inOrder(each.filter(({ test }) => only.has(test)).flatMap(({ runs }) => runs));
    if (seed !== undefined) suite.suites = shuffled(suite.suites, seed);
    suite.suites.forEach(change);
  };
  change(root);
}

/** The file of a spec or a suite, as all machines have it. */
function fileOf({ file = "" }: Test | Suite): string {
  return relative(process.cwd(), file).replaceAll(sep, "/");
}

function isAmong(failed: FailedSpecs, test: Test): boolean {
  return failed.has({ file: fileOf(test), suites: suiteTitles(test.parent!), title: test.title });
}

/** A spec so many times, each of which counts for `--grep` as that spec does. */
function repeated(test: Test, times: number): Test[] {
  const title = test.fullTitle();
  return Array.from({ length: times }, (_, index) => {
    const copy = test.clone() as Retried;
    // Mocha takes a clone for another try of the same.
    copy.retriedTest(undefined);
    copy.title = `${test.title} (${index + 1} of ${times})`;
    copy.fullTitle = () => title;
    return copy;
  });
}

/** In the order of what the seed makes of them; those of a file stay together. */
function shuffled<T extends Test | Suite>(all: readonly T[], seed: number): T[] {
  const keys = new Map(
    all.map((each) => {
      const file = fileOf(each);
      return [each, key(seed, file) + key(seed, file, ...suiteTitles(each.parent!), each.title)] as const;
    }),
  );
  return all.toSorted((a, b) => (keys.get(a)! < keys.get(b)! ? -1 : Number(keys.get(a)! > keys.get(b)!)));
}

/** Spec files in the same order, for parallel workers to begin with. */
export function shuffledFiles(files: readonly string[], seed: number): string[] {
  const keyOf = (file: string): string => key(seed, relative(process.cwd(), file).replaceAll(sep, "/"));
  return files.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function key(seed: number, ...names: readonly string[]): string {
  return createHash("sha256")
    .update([seed, ...names].join("\n"))
    .digest("hex");
}
