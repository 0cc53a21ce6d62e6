import type { Test } from "mocha";
import { run } from "./run.ts";

/** The timeouts of specs that wait for something, and how many times at once. */
const suspended = new WeakMap<Test, { readonly timeoutMs: number; readonly since: number; waits: number }>();

/** Does work of ours, whose time does not count for mocha's timeout of the spec that asks for it. */
export async function untimed<T>(work: () => Promise<T>): Promise<T> {
  const { currentTest: test } = run.strays;
  suspendTimeout(test);
  try {
    return await work();
  } finally {
    resumeTimeout(test);
  }
}

function suspendTimeout(test: Test | undefined): void {
  if (test === undefined) return;
  const known = suspended.get(test) ?? { timeoutMs: test.timeout(), since: performance.now(), waits: 0 };
  known.waits += 1;
  suspended.set(test, known);
  test.timeout(0);
}

function resumeTimeout(test: Test | undefined): void {
  const known = test && suspended.get(test);
  if (test === undefined || known === undefined) return;
  known.waits -= 1;
  if (known.waits > 0) return;
  suspended.delete(test);
  // A spec that has ended without waiting for this needs no timer any more.
  if (test.state !== undefined) return;
  // Mocha compares it with the whole time of the spec.
  const waitedMs = Math.ceil(performance.now() - known.since);
  test.timeout(known.timeoutMs === 0 ? 0 : known.timeoutMs + waitedMs);
}
