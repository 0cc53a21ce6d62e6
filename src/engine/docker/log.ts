import { once } from "node:events";
import { Readable } from "node:stream";
import { createInterface } from "node:readline";
import type Dockerode from "dockerode";
import { maskLines } from "../../secrets.ts";
import { openLogFile } from "./log-file.ts";
import { demultiplexed, parseLine, unixTime } from "./log-lines.ts";
import type { LogLine } from "./log-lines.ts";

/** How many of a container's last lines are remembered, how many characters of them, and of each. */
const REMEMBERED_LINES = 5_000;
const REMEMBERED_LENGTH = 8 * 1024 * 1024;
const REMEMBERED_LINE = 64 * 1024;

/** How long the engine may take, once a container has exited, to give the rest of its log, in milliseconds. */
const REST_WITHIN_MS = 2_000;

/** A line takes less than this to come to us; what seems to take longer, or less than nothing, is another machine's clock. */
const COMES_WITHIN_MS = 1_000;

/** What a container has written, as far as it is remembered. */
export interface Log {
  readonly lines: readonly string[];
  /** How many lines there have been. */
  readonly count: number;
  /** The file that has all lines; undefined when none is written. */
  readonly file: string | undefined;
  /**
   * Calls back for each remembered line, and each that comes, until told to stop. `atMs` is when the engine had it,
   * however late it came here, in milliseconds of Unix time by this machine's clock.
   */
  follow(onLine: (line: string, atMs: number) => void): () => void;
  /** Resolves when the container has exited and its last line is here. */
  readonly ended: Promise<void>;
  /** Resolves when the file has all that it will have: with the last line, or when it is full. */
  readonly written: Promise<void>;
  /** Writes no more to the file, and says there why. */
  cut(why: string): void;
}

/**
 * Follows the log of a container that runs, or has run, and writes it, masked, to `file`: whole up to 50 MiB.
 *
 * @param from `"start"` for all that it has ever written; `"now"` for what it writes from now on, as of a container
 *   that an earlier run has started; `since` for what it has written since then, in the engine's words, as of one that was
 *   started again: the file goes on then
 */
export async function followLog(
  container: Dockerode.Container,
  file: string | undefined,
  from: "start" | "now" | { readonly since: string } = "start",
): Promise<Log> {
  const stream = await container.logs({
    follow: true,
    stdout: true,
    stderr: true,
    timestamps: true,
    ...(from === "now" ? { tail: 0 } : {}),
    ...(typeof from === "object" && { since: unixTime(from.since) }),
  });
  const remembered: LogLine[] = [];
  let count = 0;
  let length = 0;
  /** The time of the last line, and how many have that: Podman gives lines that it has read together one. */
  const last = { time: "", lines: 0 };
  const full = Promise.withResolvers<void>();
  const followers = new Set<(line: string, atMs: number) => void>();
  const byOurClock = clockOffset();
  const mask = maskLines();
  const output = file === undefined ? undefined : openLogFile(file, { append: typeof from === "object" });
  const reader = createInterface({ input: demultiplexed(stream), crlfDelay: Infinity });
  const unwritten: string[] = [];
  // All that has come at once, at once: a killed run leaves what was there to read.
  const write = (): void => {
    const lines = unwritten.splice(0);
    if (lines.length > 0 && output?.write(`${lines.map(mask).join("\n")}\n`) === false) full.resolve();
  };
  const take = ({ text: whole, time, atMs: engineMs }: LogLine): void => {
    const atMs = byOurClock(engineMs);
    const text = shortened(whole);
    remembered.push({ text, time, atMs });
    count += 1;
    Object.assign(last, { time, lines: time === last.time ? last.lines + 1 : 1 });
    length += text.length;
    while (remembered.length > REMEMBERED_LINES || length > REMEMBERED_LENGTH)
      length -= remembered.shift()!.text.length;
    if (unwritten.push(whole) === 1) process.nextTick(write);
    for (const follower of followers) follower(text, atMs);
  };
  reader.on("line", (line) => take(parseLine(line)));
  const finish = async (): Promise<void> => {
    await once(reader, "close");
    if (from === "start" || count > 0) for (const line of await linesAfter(container, last)) take(line);
    write();
  };
  const ended = finish();
  if (output !== undefined) void ended.then(output.close);

  return {
    get lines() {
      return remembered.map(({ text }) => text);
    },
    get count() {
      return count;
    },
    file,
    follow(onLine) {
      for (const { text, atMs } of remembered) onLine(text, atMs);
      followers.add(onLine);
      return () => followers.delete(onLine);
    },
    ended,
    written: Promise.race([ended, full.promise]),
    cut(why) {
      write();
      output?.cut(why);
    },
  };
}

/** A line as it is remembered. */
function shortened(line: string): string {
  if (line.length <= REMEMBERED_LINE) return line;
  // A copy: a slice would hold the whole of it.
  const beginning = Buffer.from(line.slice(0, REMEMBERED_LINE)).toString();
  return `${beginning}… (cut: the line has ${line.length} characters)`;
}

/** Turns times of the engine's clock into those of this machine's. */
function clockOffset(): (atMs: number) => number {
  let leastLateMs = Infinity;
  return (atMs) => {
    leastLateMs = Math.min(leastLateMs, Date.now() - atMs);
    return leastLateMs < 0 || leastLateMs > COMES_WITHIN_MS ? atMs + leastLateMs : atMs;
  };
}

/** What the stream has not shown: engines end it before a last line that has no line break (seen in Docker 20.10). */
async function linesAfter(container: Dockerode.Container, last: { time: string; lines: number }): Promise<LogLine[]> {
  const abortSignal = AbortSignal.timeout(REST_WITHIN_MS);
  const lastMs = Date.parse(last.time.trimEnd());
  const since = Number.isNaN(lastMs) ? {} : { since: Math.floor(lastMs / 1_000) };
  try {
    // Before the container counts as stopped, the engine may still have to write that line.
    await container.wait({ condition: "not-running", abortSignal });
    const found = await readLines(container, { ...since, abortSignal });
    const first = found.findIndex(({ time }) => time === last.time);
    return first < 0 ? found : found.slice(first + last.lines);
  } catch {
    return []; // It is gone, and its log with it.
  }
}

/**
 * The lines of a log, masked.
 *
 * @param options `follow`: those too that come until the container has exited; `tail`: only so many of what is there
 */
export async function* linesOf(
  container: Dockerode.Container,
  { follow, tail }: { readonly follow: boolean; readonly tail?: number | undefined },
): AsyncGenerator<LogLine> {
  const mask = maskLines();
  const options = { stdout: true, stderr: true, timestamps: true, ...(tail !== undefined && { tail }) };
  const stream = follow
    ? await container.logs({ ...options, follow })
    : Readable.from([await container.logs({ ...options, follow })]);
  for await (const line of createInterface({ input: demultiplexed(stream), crlfDelay: Infinity })) {
    const parsed = parseLine(line);
    yield { ...parsed, text: mask(parsed.text) };
  }
}

/** The last lines of a log as text, read anew from the engine, so complete also for a container that died at once. */
export async function readLogTail(
  container: Dockerode.Container,
  count: number,
  abortSignal?: AbortSignal,
): Promise<string> {
  const lines = await readLines(container, { tail: count, ...(abortSignal && { abortSignal }) });
  return lines
    .map(({ text }) => text)
    .join("\n")
    .trimEnd();
}

async function readLines(container: Dockerode.Container, options: Dockerode.ContainerLogsOptions): Promise<LogLine[]> {
  const raw: unknown = await container.logs({
    ...options,
    stdout: true,
    stderr: true,
    timestamps: true,
    follow: false,
  });
  // Podman answers 200 with an error of a container that somebody else is removing.
  if (!Buffer.isBuffer(raw)) throw new Error(`expected a log, the engine answered ${JSON.stringify(raw)}`);
  const lines = createInterface({ input: demultiplexed(Readable.from([raw])), crlfDelay: Infinity });
  return Array.fromAsync(lines, parseLine);
}
