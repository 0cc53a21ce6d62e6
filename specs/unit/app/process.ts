import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../../containers/app/src/main.ts", import.meta.url));

/** A line of the app's log. */
// oxlint-disable-next-line typescript/no-explicit-any -- what a line has depends on what it tells
export type Line = Readonly<Record<string, any>>;

/** Runs a command of the app until it exits. */
export async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  const lines: Line[] = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { code: code as number, lines, stderr };
}

/** The app as a process of its own. */
export type Served = Readonly<{
  child: ChildProcess;
  /** Such as `http://127.0.0.1:41234`. */
  url: string;
  /** The next line of the log with this message, among those not asked for yet. */
  line(msg: string): Promise<Line>;
  /** Its exit code. */
  exited: Promise<number>;
}>;

/** Starts `serve` and waits until it listens. */
export async function serve(env: NodeJS.ProcessEnv = {}): Promise<Served> {
  const listen = "SOCKET_PATH" in env ? {} : { HOST: "127.0.0.1", PORT: "0" };
  const child = spawn(process.execPath, [main, "serve"], {
    env: { ...listen, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit").then(([code]) => code as number);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (msg: string): Promise<Line> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`expected a line "${msg}" in the log of the app, got its end`);
    const parsed = JSON.parse(value) as Line;
    return parsed.msg === msg ? parsed : line(msg);
  };
  const { url } = await line("listening");
  return { child, url, line, exited };
}
