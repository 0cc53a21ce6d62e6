import { hasBadInputCode } from "../errors.ts";
import type { StackspecError } from "../errors.ts";
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

/** The exit code of a run that failed for these errors: the one that one of them asks for; 2, where all are bad input; else 1. */
export function exitCodeOf(errors: readonly unknown[]): number {
  // What comes from a parallel worker is no error any more, but has the fields of one.
  const told = errors.map((error) => (error ?? {}) as Partial<StackspecError>);
  const isRefused = told.length > 0 && told.every(hasBadInputCode);
  return told.find(({ exitCode }) => exitCode !== undefined)?.exitCode ?? (isRefused ? 2 : 1);
}
