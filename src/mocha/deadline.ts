import mocha from "mocha";
import type { Runnable } from "mocha";
import { endAnswersBefore } from "../http/deadline.ts";

/** The part of mocha's timeout that it takes to say which request was not answered: then mocha has not spoken before. */
const MARGIN = 0.05;

/** What of mocha is not in its types. */
interface WithContext {
  readonly Context: { readonly prototype: { runnable(...given: readonly Runnable[]): unknown } };
}

/** Makes a request end before mocha ends the spec or hook that waits for it: that failure names the request. */
export function endRequestsInTime(): void {
  let leftMs = (): number => Infinity;
  endAnswersBefore(() => leftMs());
  const { prototype } = (mocha as unknown as WithContext).Context;
  const { runnable } = prototype;
  // What mocha calls first when it runs anything, and so no line of a stack trace.
  prototype.runnable = function tell(...given) {
    const [runs] = given;
    const startedAt = performance.now();
    if (runs !== undefined)
      leftMs = () => {
        const timeoutMs = runs.timeout();
        return timeoutMs === 0 ? Infinity : timeoutMs * (1 - MARGIN) - (performance.now() - startedAt);
      };
    return runnable.apply(this, [...given]);
  };
}
