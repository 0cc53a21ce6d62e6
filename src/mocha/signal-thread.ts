/**
 * A thread that hears what the main thread cannot hear while a spec keeps it busy: signals, and the end of the process
 * that has started this one. It lets the main thread end in good order, and ends the process when that does not answer.
 *
 * Started by `endOnSignals`; it posts a first message when it hears signals.
 */
import { once } from "node:events";
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

/** What the thread is told. */
export interface SignalThreadData {
  /** Exit codes, by the name of the signal. */
  readonly codes: Readonly<Record<string, number>>;
  /** The process that has started this one; undefined where its end is no reason to end. */
  readonly parent: number | undefined;
}

/** How long the main thread may be busy when it is first told to end, and when it is told again, in milliseconds. */
const ANSWERS_WITHIN_MS = 5_000;
const ANSWERS_AGAIN_WITHIN_MS = 500;
/** How long it may take to exit where JavaScript can be interrupted; a call into the system cannot be. */
const EXITS_WITHIN_MS = 2_000;
const LOOK_FOR_PARENT_EVERY_MS = 1_000;

/** Node's own handle of a signal. */
interface SignalHandle {
  onsignal: () => void;
  start(signal: number): void;
}

async function endIfBusy(why: string, exitCode: number, withinMs: number): Promise<void> {
  const answer = once(parentPort!, "message").then(() => true);
  parentPort!.postMessage("is anybody there?");
  if (await Promise.race([answer, sleep(withinMs, false)])) return;
  writeSync(2, `\n${why}: what runs does not let the run end in good order: it ends at once\n`);
  // Inside of what runs: listeners of "exit" are called, and the report is written. Without standard error, where Node
  // would say that it waits for a debugger.
  const expression = `process.once("exit", () => process.getBuiltinModule("fs").closeSync(2)); process.exit(${exitCode})`;
  try {
    const { Session } = await import("node:inspector");
    const session = new Session();
    session.connectToMainThread();
    session.post("Runtime.evaluate", { expression });
    await sleep(EXITS_WITHIN_MS);
  } finally {
    process.kill(process.pid, "SIGKILL");
  }
}

const { codes, parent } = workerData as SignalThreadData;

// Node hands signals to listeners of the main thread alone, though its handles work in each thread; so this reaches for
// one, with `--expose-internals`. Where a Node has none the thread fails, and the run goes on without it.
const { internalBinding } = createRequire(import.meta.url)("internal/test/binding") as {
  internalBinding(name: "signal_wrap"): { readonly Signal: new () => SignalHandle };
};
const { Signal } = internalBinding("signal_wrap");
let told = false;
for (const [signal, exitCode] of Object.entries(codes)) {
  const handle = new Signal();
  handle.onsignal = () => {
    void endIfBusy(signal, exitCode, told ? ANSWERS_AGAIN_WITHIN_MS : ANSWERS_WITHIN_MS);
    told = true;
  };
  handle.start(constants.signals[signal as NodeJS.Signals]);
}

if (parent !== undefined) {
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    void endIfBusy("The process that started this one is gone", codes["SIGTERM"]!, ANSWERS_WITHIN_MS);
  }, LOOK_FOR_PARENT_EVERY_MS);
}

parentPort!.postMessage("listening");
