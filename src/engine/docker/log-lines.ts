import { PassThrough } from "node:stream";

/** A line of a log. */
export interface LogLine {
  readonly text: string;
  /** When the engine had it, in the engine's words, and in milliseconds of Unix time. */
  readonly time: string;
  readonly atMs: number;
}

/** When the engine had each message, at its beginning: https://docs.docker.com/reference/cli/docker/container/logs/ */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) ?/;

/** A line as the engine sends it. */
export function parseLine(line: string): LogLine {
  const [time = ""] = TIMESTAMP.exec(line) ?? [];
  return { text: line.slice(time.length), time, atMs: Date.parse(time.trimEnd()) };
}

/** A time as the engine takes it: seconds since 1970 with all their decimals, which a number has no room for. */
export function unixTime(time: string): number {
  const [, nanoseconds = "0"] = /\.(\d+)/.exec(time) ?? [];
  return `${Math.floor(Date.parse(time) / 1_000)}.${nanoseconds.padEnd(9, "0")}` as unknown as number;
}

/** What a log's frames begin with: the stream, 1 or 2, and the length, https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach */
const HEAD_BYTES = 8;

/**
 * A log's two streams as one, to its very end. A terminal's only stream comes as it is. The client's own way, `demuxStream`, says
 * of neither where a message begins, and so which timestamp stands in the middle of a line.
 */
export function demultiplexed(stream: NodeJS.ReadableStream): PassThrough {
  const merged = new PassThrough();
  const streams = [merged, merged, merged].map(wholeLines) as [TakeMessage, TakeMessage, TakeMessage];
  let rest = Buffer.alloc(0);
  let isTerminal = false;
  stream.on("data", (chunk: Buffer) => {
    if (isTerminal) return streams[1](chunk);
    rest = Buffer.concat([rest, chunk]);
    let from = 0;
    while (rest.length >= from + HEAD_BYTES) {
      const take = streams[rest[from]!];
      const to = take === undefined ? rest.length : from + HEAD_BYTES + rest.readUInt32BE(from + 4);
      if (to > rest.length) break;
      isTerminal = take === undefined;
      if (take === undefined) streams[1](rest.subarray(from));
      else take(rest.subarray(from + HEAD_BYTES, to));
      from = to;
    }
    rest = rest.subarray(from);
  });
  for (const event of ["end", "close", "error"]) stream.once(event, () => merged.end());
  return merged;
}

type TakeMessage = (message: Buffer) => void;

/** Takes messages, one at a time. The engine cuts a long line into several, each of them with a timestamp: the first one's is the line's. */
function wholeLines(merged: PassThrough): TakeMessage {
  let isMidLine = false;
  return (message) => {
    const [timestamp] = (isMidLine ? TIMESTAMP.exec(message.toString("latin1", 0, 40)) : null) ?? [""];
    merged.write(message.subarray(timestamp.length));
    isMidLine = message.at(-1) !== "\n".charCodeAt(0);
  };
}
