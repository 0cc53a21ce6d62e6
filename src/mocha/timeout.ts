import type { Test } from "mocha";
import type { Strays } from "./strays.ts";

/** A spec's own timeout, and since when how many waits have taken it away. */
interface Suspended {
  readonly timeoutMs: number;
  readonly since: number;
  waits: number;
}

/** Does work of ours, whose time does not count for mocha's timeout of the spec that asks for it. */
export type Untimed = <T>(work: () => Promise<T>) => Promise<T>;

/** The same, for the specs of one run. */
export function untimedIn(strays: Strays): Untimed {
  const suspended = new WeakMap<Test, Suspended>();
  const suspend = (test: Test): void => {
    const known = suspended.get(test) ?? { timeoutMs: test.timeout(), since: performance.now(), waits: 0 };
    known.waits += 1;
    suspended.set(test, known);
    test.timeout(0);
  };
  const resume = (test: Test): void => {
    const known = suspended.get(test)!;
    known.waits -= 1;
    if (known.waits > 0) return;
    suspended.delete(test);
    // A spec that has ended without waiting for this needs no timer any more.
    if (test.state !== undefined) return;
    // Mocha compares it with the whole time of the spec.
    const waitedMs = Math.ceil(performance.now() - known.since);
    test.timeout(known.timeoutMs === 0 ? 0 : known.timeoutMs + waitedMs);
  };
  return async (work) => {
    const test = strays.current?.test;
    if (test === undefined) return work();
    suspend(test);
    try {
      return await work();
    } finally {
      resume(test);
    }
  };
}
