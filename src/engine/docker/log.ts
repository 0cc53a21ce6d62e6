import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { PassThrough } from "node:stream";
import { createInterface } from "node:readline";
import type Dockerode from "dockerode";
import { mask } from "../../secrets.ts";

/** How many of a container's last lines are remembered. The file has all of them. */
const REMEMBERED_LINES = 5_000;

/** What a container has written, from its first byte, as far as it is remembered. */
export interface Log {
  readonly lines: readonly string[];
  /** How many lines there have been: a place in the log, for `since`. */
  readonly count: number;
  /** The file that has all lines; undefined when none is written. */
  readonly file: string | undefined;
  /** The remembered lines after a place. */
  since(place: number): readonly string[];
  /** Calls back for each line from the first on, those already there included, until told to stop. */
  follow(onLine: (line: string) => void): () => void;
  /** Resolves when the container has exited and its last line is here. */
  readonly ended: Promise<void>;
}

/** Follows the log of a container that runs, or has run, and writes it, masked, to `file`. */
export async function followLog(container: Dockerode.Container, file: string | undefined): Promise<Log> {
  const stream = await container.logs({ follow: true, stdout: true, stderr: true });
  const merged = new PassThrough();
  container.modem.demuxStream(stream, merged, merged);
  const closed = new Promise<void>((resolve) =>
    stream.once("close", resolve).once("end", resolve).once("error", resolve),
  );
  void closed.then(() => merged.end());

  const lines: string[] = [];
  let count = 0;
  const followers = new Set<(line: string) => void>();
  const output = file === undefined ? undefined : openFile(file);
  const reader = createInterface({ input: merged, crlfDelay: Infinity });
  reader.on("line", (line) => {
    lines.push(line);
    count += 1;
    if (lines.length > REMEMBERED_LINES) lines.shift();
    // At once, so that a killed run leaves what was there to read.
    if (output !== undefined) writeSync(output, `${mask(line)}\n`);
    for (const follower of followers) follower(line);
  });
  const ended = new Promise<void>((resolve) => reader.once("close", resolve));
  if (output !== undefined) void ended.then(() => closeSync(output));

  return {
    lines,
    get count() {
      return count;
    },
    file,
    since: (place) => lines.slice(Math.max(0, lines.length - (count - place))),
    follow(onLine) {
      for (const line of lines) onLine(line);
      followers.add(onLine);
      return () => followers.delete(onLine);
    },
    ended,
  };
}

function openFile(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, "w");
}

/** The last lines of a log as text, read anew from the engine, so complete also for a container that died at once. */
export async function readLogTail(container: Dockerode.Container, count: number): Promise<string> {
  const raw = await container.logs({ follow: false, stdout: true, stderr: true, tail: count });
  return demultiplex(raw).trimEnd();
}

/** Docker sends frames: one byte of stream number, three of nothing, four of length, then the text. */
export function demultiplex(raw: Buffer): string {
  const parts: Buffer[] = [];
  let offset = 0;
  while (offset + 8 <= raw.length && raw[offset]! <= 2) {
    const length = raw.readUInt32BE(offset + 4);
    parts.push(raw.subarray(offset + 8, offset + 8 + length));
    offset += 8 + length;
  }
  // A container with a terminal has one stream and no frames.
  return (offset === 0 ? raw : Buffer.concat(parts)).toString("utf8");
}
