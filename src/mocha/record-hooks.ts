import mocha from "mocha";
import { run } from "./run.ts";
import { isHook } from "./run-record.ts";
import type { FullRunner } from "./run-record.ts";

/**
 * Has hooks that are not part of a spec record what they do, and carry it when they fail. Specs, and hooks before each of
 * them, have hooks of ours around them; these have not. Not in the reporter, for a parallel worker has none of ours.
 */
export function recordHooks(): void {
  const { run: runMocha } = mocha.prototype;
  mocha.prototype.run = function recorded(this: mocha, ...given) {
    const runner = runMocha.apply(this, given) as FullRunner;
    // What its workers do is recorded by them.
    if (runner.isParallelMode()) return runner;
    runner.on("hook", ({ title }) => {
      if (/^"(before|after) all"/.test(title)) run.evidence.beginSpec();
    });
    runner.on("fail", (test, error: unknown) => {
      if (isHook(test) && !test.title.startsWith('"before each"')) run.evidence.attachLater(error);
    });
    return runner;
  };
}
