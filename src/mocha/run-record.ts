import type { Runner, Suite, Test } from "mocha";
import type { Outcome } from "../report/junit.ts";
import { isError } from "./evidence.ts";

/** What has become of one spec, or of a hook that failed. */
export interface CaseRecord {
  readonly test: Test;
  readonly outcome: Outcome;
  readonly error: unknown;
  /** The failure of the hook that kept it from running, when that is why it failed. */
  readonly blockedBy: Error | undefined;
  /** What earlier tries of a retried spec failed with. */
  readonly tries: readonly unknown[];
  /** In milliseconds of Unix time. Undefined in a parallel worker, whose events come when its file is done. */
  readonly startedAt?: number;
  readonly endedAt?: number;
}

/** A suite and the specs in it, in the order in which mocha came to know them. Times in milliseconds of Unix time. */
export interface SuiteRecord {
  readonly suite: Suite;
  startedAt: number | undefined;
  endedAt: number | undefined;
  readonly cases: Map<Test, CaseRecord>;
}

/** What a run has come to so far. */
export interface RunRecord {
  readonly suites: ReadonlyMap<Suite, SuiteRecord>;
  /** Spec files that parallel workers have not reported on yet. */
  readonly missing: ReadonlySet<string>;
}

/** What of mocha is not in its types: which specs it is told to run, its listener, and that it may have parallel workers. */
export type FullRunner = Runner & {
  readonly _grep?: RegExp;
  readonly _invert?: boolean;
  uncaught(error: unknown): void;
  isParallelMode(): boolean;
  linkPartialObjects(linked: boolean): void;
};
/** And the way back from a retried test to the try before. */
type Retried = Test & { retriedTest?(): Retried | null | undefined };

/**
 * Listens to a run and keeps the record of it: every spec is in it from the start, also one that will never run.
 *
 * @param files the spec files, in case parallel workers load them
 * @param onChange called after each change of the record
 */
export function recordRun(runner: FullRunner, files: readonly string[], onChange: () => void): RunRecord {
  const suites = new Map<Suite, SuiteRecord>();
  const hookErrors: Error[] = [];
  const hooksStartedAt = new WeakMap<object, number>();
  const isParallel = runner.isParallelMode();
  const missing = new Set(isParallel ? files : []);
  // Parallel workers send copies; linked, the same suite is the same object again.
  if (isParallel) runner.linkPartialObjects(true);

  const suiteOf = (suite: Suite): SuiteRecord => {
    const known = suites.get(suite) ?? { suite, startedAt: undefined, endedAt: undefined, cases: new Map() };
    suites.set(suite, known);
    return known;
  };
  const change = (test: Test, changed: Partial<CaseRecord>): void => {
    const { cases } = suiteOf(test.parent!);
    const key = keyOf(test, cases);
    const known = cases.get(key) ?? { test, outcome: "unfinished", error: undefined, blockedBy: undefined, tries: [] };
    cases.set(key, { ...known, ...changed, test });
  };
  const finish = (test: Test, outcome: Outcome, error?: unknown): void => {
    // A spec, or a hook, can fail twice; the second time because of the first.
    const before = suiteOf(test.parent!).cases.get(keyOf(test, suiteOf(test.parent!).cases));
    if (before?.outcome !== "failed" && before?.outcome !== "error")
      change(test, {
        outcome,
        error,
        blockedBy: blockedBy(test, error, hookErrors),
        endedAt: Date.now(),
        ...(hooksStartedAt.has(test) ? { startedAt: hooksStartedAt.get(test)! } : {}),
      });
    missing.delete(test.file ?? "");
    onChange();
  };
  const expect = (suite: Suite): void => {
    const { _grep: grep, _invert: invert = false } = runner;
    for (const test of suite.tests) if (grep === undefined || grep.test(test.fullTitle()) !== invert) change(test, {});
    for (const child of suite.suites) expect(child);
  };

  runner.on("start", () => {
    expect(runner.suite);
    onChange();
  });
  runner.on("suite", (suite) => {
    suiteOf(suite).startedAt = Date.now();
  });
  runner.on("suite end", (suite) => {
    suiteOf(suite).endedAt = Date.now();
    onChange();
  });
  runner.on("hook", (hook) => {
    if (!isParallel) hooksStartedAt.set(hook, Date.now());
  });
  runner.on("test", (test) => change(test, { outcome: "running", ...(isParallel ? {} : { startedAt: Date.now() }) }));
  runner.on("pass", (test) => finish(test, "passed"));
  runner.on("pending", (test) => finish(test, "skipped"));
  runner.on("fail", (test: Test, error: unknown) => {
    finish(test, isHook(test) ? "error" : "failed", error);
    if (isHook(test) && isError(error)) hookErrors.push(error);
  });
  runner.on("retry", (test: Test, error: unknown) => {
    const { cases } = suiteOf(test.parent!);
    change(test, { outcome: "unfinished", tries: [...(cases.get(keyOf(test, cases))?.tries ?? []), error] });
  });
  runner.on("end", () => {
    // A worker tells nothing of a file in which no spec was chosen. One that crashed has failed the run.
    if (runner.failures === 0 || runner._grep?.source !== ".*") missing.clear();
    // What it did not get to because of --bail is not a finding; whatever else kept it from a spec is.
    if (!runner.suite.bail()) return;
    for (const { cases } of suites.values())
      for (const [test, entry] of cases)
        if (entry.outcome === "unfinished") cases.set(test, { ...entry, outcome: "skipped" });
  });
  return { suites, missing };
}

/** What has become of a spec. */
export function caseIn({ suites }: RunRecord, test: Test): CaseRecord | undefined {
  const cases = suites.get(test.parent!)?.cases;
  // One that was tried again stands at its first try.
  return cases?.get(test) ?? cases?.values().find((entry) => entry.test === test);
}

/** A retried test is a clone of the one before; what comes from a parallel worker has lost its way back to that. */
function keyOf(test: Test, cases: ReadonlyMap<Test, CaseRecord>): Test {
  let original = test as Retried;
  for (let before = original.retriedTest?.(); before?.parent; before = original.retriedTest?.()) original = before;
  if (cases.has(original)) return original;
  const retried = [...cases].find(
    ([{ title }, { test: known, outcome, tries }]) =>
      known === test || (outcome === "unfinished" && tries.length > 0 && title === test.title),
  );
  return retried?.[0] ?? original;
}

/**
 * The hook's failure that a spec fails with. Mocha makes an error of its own for such a spec, and says what it is in the
 * words of its message only; but it has the stack trace of the hook's, in a copy from a parallel worker too.
 */
function blockedBy(test: Test, error: unknown, hookErrors: readonly Error[]): Error | undefined {
  if (isHook(test) || !isError(error)) return undefined;
  return hookErrors.findLast((each) => each !== error && each.stack === error.stack);
}

/** Whether what mocha tells of is a hook. */
export function isHook(test: Test): boolean {
  return (test as { type: string }).type === "hook";
}
