import { spawn } from "node:child_process";
import { once } from "node:events";

/** How a program has ended. */
export interface Ended {
  /** The last line of what it wrote to its standard error. */
  readonly lastWords: string;
  /** Whether this process was asked to end meanwhile. */
  readonly isCutOff: boolean;
}

/** Runs a program to its end, also when this process is asked to end. It writes where this process does. */
export async function runToEnd(
  [program, ...words]: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(program!, words, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "inherit", "pipe"],
  });
  let isCutOff = false;
  // A terminal's Ctrl-C is for the whole process group.
  const handlers = {
    SIGINT: () => (isCutOff = true),
    SIGTERM: () => (isCutOff = child.kill("SIGTERM")),
  };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said = (said + String(text)).slice(-1_000);
    process.stderr.write(text);
  });
  await once(child, "close");
  for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
  return { lastWords: said.trim().split("\n").at(-1)!, isCutOff };
}
