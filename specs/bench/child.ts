import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { watchPeak } from "./memory.ts";

/** How a process went. */
export interface Ended {
  /** From its start to its end, in milliseconds. */
  readonly tookMs: number;
  /** What it printed as `@name value`: several values of one name in their order. */
  readonly told: ReadonlyMap<string, readonly string[]>;
  readonly lines: readonly string[];
  /** The most memory that it and its children had at once, in mebibytes; undefined without /proc. */
  readonly peakMib: number | undefined;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly memory?: boolean;
  /** Told each line with the milliseconds since the start. */
  readonly onLine?: (line: string, atMs: number) => void;
}

const alive = new Set<ChildProcess>();

/** Unix time in milliseconds, with their fractions: the same for this process and its children. */
export const now = (): number => performance.timeOrigin + performance.now();

/**
 * Runs a command to its end.
 *
 * @throws Error with the end of its output when it does not exit with 0
 */
export async function run(command: string, words: readonly string[], options: ChildOptions = {}): Promise<Ended> {
  options.signal?.throwIfAborted();
  const startedAt = now();
  const child = spawn(command, words, {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  alive.add(child);
  const end = (): void => void child.kill("SIGTERM");
  options.signal?.addEventListener("abort", end, { once: true });
  const peak = options.memory === true && child.pid !== undefined ? watchPeak(child.pid) : undefined;
  const told = new Map<string, string[]>();
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => {
      const [, name, value] = /^@(\S+) (.*)$/.exec(line) ?? [];
      if (name === undefined) lines.push(line);
      else told.set(name, [...(told.get(name) ?? []), value!]);
      options.onLine?.(line, now() - startedAt);
    });
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) =>
      child.once("error", reject).once("close", resolve),
    );
    const tookMs = now() - startedAt;
    options.signal?.throwIfAborted();
    if (exitCode !== 0)
      throw new Error(`${command} ${words.join(" ")} exited with ${exitCode}:\n${lines.slice(-25).join("\n")}`);
    return { tookMs, told, lines, peakMib: peak?.() };
  } finally {
    peak?.();
    alive.delete(child);
    options.signal?.removeEventListener("abort", end);
  }
}

/** Runs a program of `programs/`; its `@name` times come out in milliseconds since its process was started. */
export async function runProgram(
  name: string,
  words: readonly string[],
  options: ChildOptions = {},
): Promise<Ended & { at(mark: string): number }> {
  const startedAt = now();
  const program = new URL(`./programs/${name}.ts`, import.meta.url).pathname;
  const ended = await run(process.execPath, ["-C", "development", program, ...words], options);
  return {
    ...ended,
    at(mark) {
      const [time] = ended.told.get(mark) ?? [];
      if (time === undefined) throw new Error(`expected ${name} to tell of "${mark}", got:\n${ended.lines.join("\n")}`);
      return Number(time) - startedAt;
    },
  };
}

/** Resolves when no process that was started here is left; after 20 s the rest is killed. */
export async function allEnded(): Promise<void> {
  const ends = [...alive].map((child) => new Promise((resolve) => child.once("close", resolve)));
  const kill = setTimeout(() => {
    for (const child of alive) child.kill("SIGKILL");
  }, 20_000);
  await Promise.all(ends);
  clearTimeout(kill);
}
