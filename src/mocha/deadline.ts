import mocha from "mocha";
import { endAnswersBefore } from "../http/deadline.ts";

/** The part of mocha's timeout that it takes to say which request was not answered: then mocha has not spoken before. */
const MARGIN = 0.05;

/** Makes a request end before mocha ends the spec or hook that waits for it: that failure names the request. */
export function endRequestsInTime(): void {
  let leftMs = (): number => Infinity;
  endAnswersBefore(() => leftMs());
  const { run } = mocha.Runnable.prototype;
  mocha.Runnable.prototype.run = function (...given) {
    const startedAt = performance.now();
    leftMs = () => {
      const timeoutMs = this.timeout();
      return timeoutMs === 0 ? Infinity : timeoutMs * (1 - MARGIN) - (performance.now() - startedAt);
    };
    return run.apply(this, given);
  };
}
