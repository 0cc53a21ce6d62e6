import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf } from "../errors.ts";
import { END_CODES, endingLine, onEndSignals } from "../signals.ts";
import type { EndSignal } from "../signals.ts";
import { complain } from "../terminal.ts";
import { run } from "./run.ts";
import type { SignalThreadData } from "./signal-thread.ts";

/**
 * Ends the run in good order when it is told to end, or when the process that has started it is gone. The command
 * listens before mocha loads the hooks; these listen too, for mocha's own command and its parallel workers.
 */
export function endOnSignals(): void {
  if (run.endsOnSignals) return;
  run.endsOnSignals = true;
  let ending = false;
  const end = async (signal: EndSignal, exitCode: number): Promise<void> => {
    if (ending) return;
    ending = true;
    complain(endingLine(signal));
    await run.close().catch((error: unknown) => complain(messageOf(error)));
    process.exit(exitCode);
  };
  onEndSignals((signal, exitCode) => void end(signal, exitCode));
  // No signal: when Ctrl-C tells both parent and child, the parent's word is not the second that makes this one leave at once.
  const endWithParent = (): void => void end("SIGTERM", END_CODES.SIGTERM);
  process.once("disconnect", endWithParent);
  // False when the channel was closed before; there is none where nobody has opened one.
  if (isConnected() === false) endWithParent();
}

/**
 * Ends the run also when a spec never lets the main thread hear that it is to end, once.
 *
 * @returns resolves when that holds. A Node in which it cannot is no reason not to run
 */
export function endBusyRuns(): Promise<void> {
  return (run.endsWhenBusy ??= startSignalThread({
    codes: END_CODES,
    parent: isConnected() === undefined ? undefined : process.ppid,
  }));
}

function startSignalThread(workerData: SignalThreadData): Promise<void> {
  const thread = new Worker(new URL(`./signal-thread${extname(import.meta.url)}`, import.meta.url), {
    workerData,
    execArgv: ["--expose-internals", "--no-warnings"],
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  thread.once("error", () => resolve());
  thread.once("message", () => {
    resolve();
    thread.on("message", () => thread.postMessage("yes"));
    thread.unref(); // Whoever listens to it keeps the process, which ends by itself where mocha is not told to end it.
  });
  thread.unref();
  return promise;
}

/** Whether the process that has started this one is there; undefined when it has opened no channel. */
function isConnected(): boolean | undefined {
  return (process as { connected?: boolean }).connected;
}
