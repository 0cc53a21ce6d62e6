import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type Dockerode from "dockerode";
import { mask } from "../../secrets.ts";

/** How many of a container's last lines are remembered. The file has all of them. */
const REMEMBERED_LINES = 5_000;
/** When the engine got what follows: RFC 3339, before each line and, in a long line, each part of it. */
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) /;
/** A line takes less than this to come to us; what seems to take longer, or less than nothing, is another machine's clock. */
const COMES_WITHIN_MS = 1_000;

/** What a container has written, from its first byte, as far as it is remembered. */
export interface Log {
  readonly lines: readonly string[];
  /** How many lines there have been. */
  readonly count: number;
  /** The file that has all lines; undefined when none is written. */
  readonly file: string | undefined;
  /**
   * Calls back for each remembered line, and each that comes, until told to stop. `atMs` is when the engine got it,
   * in milliseconds of Unix time by this machine's clock.
   */
  follow(onLine: (line: string, atMs: number) => void): () => void;
  /** Resolves when the container has exited and its last line is here. */
  readonly ended: Promise<void>;
}

/** Follows the log of a container that runs, or has run, and writes it, masked, to `file`. */
export async function followLog(container: Dockerode.Container, file: string | undefined): Promise<Log> {
  const stream = await container.logs({ follow: true, stdout: true, stderr: true, timestamps: true });
  const lines: { readonly text: string; readonly atMs: number }[] = [];
  let count = 0;
  const followers = new Set<(line: string, atMs: number) => void>();
  const output = file === undefined ? undefined : openFile(file);
  const add = (text: string, atMs: number): void => {
    lines.push({ text, atMs });
    count += 1;
    if (lines.length > REMEMBERED_LINES) lines.shift();
    // At once, so that a killed run leaves what was there to read.
    if (output !== undefined) writeSync(output, `${mask(text)}\n`);
    for (const follower of followers) follower(text, atMs);
  };

  const decoder = new StringDecoder("utf8");
  let line = "";
  let leastLateMs = Infinity;
  let atMs = Date.now();
  const take = (frame: Buffer): void => {
    // As bytes, for a frame may end within a letter. With a terminal there are no frames, and several lines come at once.
    for (const part of frame.toString("latin1").split(/(?<=\n)/)) {
      const [before = "", stamp] = STAMP.exec(part) ?? [];
      if (stamp !== undefined) {
        const stampedMs = Date.parse(stamp);
        leastLateMs = Math.min(leastLateMs, Date.now() - stampedMs);
        atMs = stampedMs + (leastLateMs < 0 || leastLateMs > COMES_WITHIN_MS ? leastLateMs : 0);
      }
      line += decoder.write(Buffer.from(part.slice(before.length), "latin1"));
      if (!part.endsWith("\n")) continue;
      add(line.replace(/\r?\n$/, ""), atMs);
      line = "";
    }
  };
  container.modem.demuxStream(stream, { write: take }, { write: take });
  const closed = new Promise<void>((resolve) =>
    stream.once("close", resolve).once("end", resolve).once("error", resolve),
  );
  const finish = async (): Promise<void> => {
    await closed;
    if (line !== "") add(line, atMs);
    if (output !== undefined) closeSync(output);
  };
  const ended = finish();

  return {
    get lines() {
      return lines.map(({ text }) => text);
    },
    get count() {
      return count;
    },
    file,
    follow(onLine) {
      for (const { text, atMs: then } of lines) onLine(text, then);
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
