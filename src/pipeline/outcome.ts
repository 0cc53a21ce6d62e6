import { StackspecError, messageOf } from "../errors.ts";
import type { PipelineContext } from "./pipeline-context.ts";
import type { Unchecked } from "./pipeline.ts";

/** How one task ended, for the summary. */
export interface TaskOutcome {
  readonly name: string;
  readonly verdict: "passed" | "failed" | "not checked" | "not run";
  /** Why it did not pass: one line. */
  readonly why: string | undefined;
  readonly tookMs: number;
}

/** What a stage came to. It is red when one of its tasks failed. */
export interface StageResult {
  readonly outcomes: readonly TaskOutcome[];
  /** For the summary: what was made. */
  readonly notes: readonly string[];
}

/** How one stage ended. */
export interface StageOutcome {
  readonly name: string;
  /** `refused` is bad input; `not run` comes after a stage that did not pass. */
  readonly verdict: "passed" | "failed" | "refused" | "cancelled" | "not run";
  readonly why: string | undefined;
  readonly tookMs: number;
  readonly tasks: readonly TaskOutcome[];
  readonly notes: readonly string[];
}

/**
 * Does a piece of work, and says how it ended and how long it took.
 *
 * @throws bad input, which is no outcome of it, and the reason that the run was ended for
 */
export async function outcomeOf<T>(
  name: string,
  { say, signal }: Pick<PipelineContext, "say" | "signal">,
  work: () => Promise<T>,
): Promise<{ readonly outcome: TaskOutcome; readonly value?: T }> {
  const startedAt = performance.now();
  const ended = (verdict: TaskOutcome["verdict"], why: string | undefined, all = why): TaskOutcome => {
    const tookMs = Math.round(performance.now() - startedAt);
    say(`  ${name} ${verdict} after ${(tookMs / 1000).toFixed(1)} s${all === undefined ? "" : `: ${all}`}`);
    return { name, verdict, why, tookMs };
  };
  try {
    const value = await work();
    const { unchecked } = (value ?? {}) as Partial<Unchecked>;
    return { value, outcome: ended(unchecked === undefined ? "passed" : "not checked", unchecked) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof StackspecError && error.code === "USAGE") throw error;
    const why = error instanceof StackspecError ? error.sentence : messageOf(error).split("\n")[0];
    return { outcome: ended("failed", why, messageOf(error)) };
  }
}
