import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

export interface SuiteProcess {
  /** The suite's folder under `specs/`. */
  readonly suite: string;
  /** Options for mocha. */
  readonly mocha?: readonly string[];
  /** Settings beside this process's own; undefined takes one away. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the suite in good order. */
  readonly signal: AbortSignal;
  /** Nothing of what it writes is shown. @default false */
  readonly isQuiet?: boolean;
}

/** Runs `stackspec run <suite>` in a process of its own, and resolves with its exit code when it has ended. */
export async function runSuiteProcess({
  suite,
  mocha = [],
  environment,
  signal,
  isQuiet = false,
}: SuiteProcess): Promise<number> {
  signal.throwIfAborted();
  const main = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, main, "run", suite, ...mocha], {
    // It is a shard when it is told so by a word, and never by what its CI system says of this process.
    env: { ...process.env, STACKSPEC_SHARD: "off", ...environment },
    // By the channel the suite learns that it is to end, or that this process is gone.
    stdio: isQuiet ? ["ignore", "ignore", "ignore", "ipc"] : ["inherit", "inherit", "inherit", "ipc"],
  });
  const end = (): void => {
    if (child.connected) child.disconnect();
  };
  // Who leaves at once does not leave a suite behind that still ends in good order.
  const kill = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", end, { once: true });
  process.once("exit", kill);
  try {
    // Not "close", which does not come when the channel was closed from here.
    const [exitCode] = (await once(child, "exit")) as [number | null];
    return exitCode ?? 1;
  } finally {
    signal.removeEventListener("abort", end);
    process.off("exit", kill);
  }
}
