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
