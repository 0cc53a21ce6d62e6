import { messageOf } from "../../src/errors.ts";

/** Something that is measured once in each round. */
export interface Subject<S> {
  readonly name: string;
  sample(): Promise<S>;
}

/** What came of it: one sample for each round after the warm-up; undefined where it failed. */
export interface Measured<S> {
  readonly samples: (S | undefined)[];
  readonly failures: string[];
}

export interface Rounds {
  readonly count: number;
  /** No round begins that would probably end after this, in milliseconds of `performance.now()`. */
  readonly until: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Begins with a round that does not count. @default true */
  readonly warmUp?: boolean;
}

/** Measures all subjects in turn, round by round, each round beginning with another one. */
export async function inRounds<S>(
  subjects: readonly Subject<S>[],
  { count, until, signal, say, warmUp = true }: Rounds,
): Promise<Map<string, Measured<S>>> {
  const measured = new Map<string, Measured<S>>(subjects.map(({ name }) => [name, { samples: [], failures: [] }]));
  let longestMs = 0;
  for (let round = warmUp ? 0 : 1; round <= count; round += 1) {
    if (round > 1 && performance.now() + longestMs > until) {
      say(`Enough time has gone: ${round - 1} of ${count} rounds`);
      break;
    }
    const before = performance.now();
    const first = subjects.length === 0 ? 0 : round % subjects.length;
    for (const { name, sample } of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const outcome = await sample().catch((error: unknown) => {
        signal.throwIfAborted();
        measured.get(name)!.failures.push(messageOf(error));
        return undefined;
      });
      say(
        `${round === 0 ? "warm-up" : `round ${round}`}: ${name} ${outcome === undefined ? "failed" : shown(outcome)}`,
      );
      if (round > 0) measured.get(name)!.samples.push(outcome);
    }
    longestMs = Math.max(longestMs, performance.now() - before);
  }
  return measured;
}

function shown(outcome: unknown): string {
  return JSON.stringify(outcome, (_, value: unknown) => (typeof value === "number" ? Math.round(value) : value));
}
