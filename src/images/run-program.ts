import { spawn } from "node:child_process";

/** How much of what a program prints is kept, in characters. */
const KEPT = 64 * 1024;

/** How a program is run. */
export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Keeps all that it writes to its output, for who reads that. Default: only the end, which is what a failure shows. */
  readonly isRead?: boolean;
}

/** What a program fails with. */
export interface ProgramFailure extends Error {
  /** The end of what it has printed. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, however much it prints.
 *
 * @returns its output
 * @throws ProgramFailure when it is not there, exits with another code than 0, or the signal ends it
 */
export async function runProgram(
  command: string,
  words: readonly string[],
  { env, signal, isRead = false }: ProgramOptions = {},
): Promise<string> {
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"], env, signal });
  const printed = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed.stdout = isRead ? printed.stdout + text : (printed.stdout + text).slice(-KEPT);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    printed.stderr = (printed.stderr + text).slice(-KEPT);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once("error", reject).once("close", (exitCode, killedBy) => {
    if (exitCode === 0) return resolve();
    reject(new Error(`${command} ${words.join(" ")} was ended by ${killedBy ?? `itself, with exit code ${exitCode}`}`));
  });
  try {
    await promise;
    return printed.stdout;
  } catch (error) {
    throw Object.assign(error as Error, printed) satisfies ProgramFailure;
  }
}
