/** How long an answer may take, in milliseconds, where nothing else ends before. */
const ANSWER_TIMEOUT_MS = 30_000;

/** Here, as a spec makes clients by itself, and hands them nothing of its run. */
let leftMs = (): number => Infinity;

/** Tells the clients of this process how long the spec that asks may go on, in milliseconds: whatever ends it does not name a request. */
export function endAnswersBefore(left: () => number): void {
  leftMs = left;
}

/** How long the next answer may take, in milliseconds, unless its request says otherwise with `.timeout()`. */
export function answerTimeoutMs(): number {
  return Math.max(1, Math.min(ANSWER_TIMEOUT_MS, Math.floor(leftMs())));
}
