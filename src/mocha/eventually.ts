import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError, messageOf, usageError } from "../errors.ts";
import { run } from "./run.ts";

/** How long `eventually` tries, and how long it rests between two attempts. */
export interface EventuallyOptions {
  /** After so many milliseconds it gives up. @default 10_000 */
  readonly timeoutMs?: number;
  /** So many milliseconds lie between the end of an attempt and the next one. @default 100 */
  readonly intervalMs?: number;
}

/** What was seen while waiting: the first time that an attempt has failed so. */
interface Seen {
  readonly afterMs: number;
  readonly message: string;
}

/** So many of the things that were seen are told, the last ones. */
const TOLD = 10;

/**
 * Waits for what becomes true some time later: repeats `attempt` until it succeeds, and resolves with what that returned.
 * An attempt fails when it throws or rejects, as a failed assertion does. It ends at once when a service of a stack has
 * died. That time does not count for mocha's timeout of the spec.
 *
 * @example
 * await eventually(() => expect(api.get("/health")).to.eventually.have.nested.property("body.status", "healthy"), {
 *   timeoutMs: 30_000,
 * });
 *
 * @throws StackspecError `POLL_TIMEOUT` saying what was seen last, and what before; `SERVICE_DIED`; `USAGE` for what is no function
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 100 }: EventuallyOptions = {},
): Promise<T> {
  if (typeof attempt !== "function")
    throw usageError("eventually()", "expected a function that is tried again and again");
  const deaths = run.running().map(({ death }) => death);
  return run.untimed(() => poll(attempt, { timeoutMs, intervalMs }, deaths));
}

/** The waiting itself; what one of `deaths` resolves with ends it. */
export async function poll<T>(
  attempt: () => T | Promise<T>,
  { timeoutMs, intervalMs }: Required<EventuallyOptions>,
  deaths: readonly Promise<StackspecError>[],
): Promise<T> {
  const startedAt = performance.now();
  const over = new AbortController();
  const seen: Seen[] = [];
  let attempts = 0;
  let cause: unknown;
  const giveUp = async (): Promise<never> => {
    await sleep(timeoutMs, undefined, { signal: over.signal });
    throw timeoutError(timeoutMs, attempts, seen, cause);
  };
  const dies = deaths.map(async (death): Promise<never> => {
    throw await death;
  });
  const ends = Promise.race([giveUp(), ...dies]);
  ends.catch(() => {}); // Nobody waits for it between two attempts.
  try {
    for (;;) {
      attempts += 1;
      const outcome = await Promise.race([settle(attempt), ends]);
      if ("value" in outcome) return outcome.value;
      cause = outcome.failure;
      const message = messageOf(cause);
      if (seen.at(-1)?.message !== message) seen.push({ afterMs: performance.now() - startedAt, message });
      await Promise.race([sleep(intervalMs, undefined, { signal: over.signal }), ends]);
    }
  } finally {
    over.abort();
  }
}

async function settle<T>(attempt: () => T | Promise<T>): Promise<{ value: T } | { failure: unknown }> {
  try {
    return { value: await attempt() };
  } catch (failure) {
    return { failure };
  }
}

function timeoutError(timeoutMs: number, attempts: number, seen: readonly Seen[], cause: unknown): StackspecError {
  const tries = `${attempts} ${attempts === 1 ? "attempt" : "attempts"} in ${timeoutMs} ms`;
  const last = seen.at(-1)?.message;
  const lines = seen
    .slice(-TOLD)
    .map(({ afterMs, message }) => `${Math.round(afterMs)} ms`.padStart(10) + `  ${message}`);
  return new StackspecError("POLL_TIMEOUT", `${tries}, ${last === undefined ? "without an end" : `at last: ${last}`}`, {
    subject: "eventually",
    ...(seen.length > 1 && { evidence: ["what was seen, and since when:", ...lines].join("\n") }),
    cause,
  });
}
