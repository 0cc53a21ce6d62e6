import { complain } from "../terminal.ts";
import { run } from "./run.ts";

/**
 * From now on this process exits with 1 for 0 until its run has ended green. A spec, or what it tests, may call
 * `process.exit(0)`, or break what decides the exit code: a red run is never green.
 */
export function exitPessimistically(): void {
  if (run.isGreen !== undefined) return;
  run.isGreen = false;
  process.on("exit", (code) => {
    if (code !== 0 || run.isGreen) return;
    process.exitCode = 1;
    complain("The run was ended before its last spec: its exit code is 1, not 0");
  });
}
