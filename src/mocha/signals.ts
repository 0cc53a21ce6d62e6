import { closeRun } from "./run.ts";

/** Exit codes as shells give them: 128 and the signal's number. */
const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

let listening = false;
let ending = false;

/** Ends the run in good order when it is told to end; the second telling ends it at once, and the watchdog cleans up. */
export function endOnSignals(): void {
  if (listening) return;
  listening = true;
  for (const [signal, code] of Object.entries(CODES)) process.on(signal, () => void end(signal, code));
  // A child of `stackspec test`, or a parallel worker of mocha: when the parent is gone, so are we.
  process.once("disconnect", () => void end("SIGTERM", CODES.SIGTERM));
}

async function end(signal: string, code: number): Promise<void> {
  if (ending) process.exit(code);
  ending = true;
  console.error(`\n${signal}: stopping and removing everything; once more to leave at once`);
  await closeRun().catch((error: unknown) => console.error(error));
  process.exit(code);
}
