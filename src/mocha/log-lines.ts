import type { Log } from "../engine/docker/log.ts";
import type { WrittenLines } from "./evidence.ts";

/** How many lines of a service's log a failure shows, and how many characters of them. */
const LOG_LINES = 50;
const LOG_LENGTH = 64 * 1024;

/** The log of a service, and where it is kept. */
export interface NamedLog {
  readonly service: string;
  readonly log: Pick<Log, "follow" | "file">;
}

/** The files that these logs are kept in. */
export function filesOf(logs: readonly NamedLog[]): string[] {
  return logs.flatMap(({ log: { file } }) => file ?? []);
}

/** What a log has of a time, now and when more of that comes. The engine's times decide: a line may come here late. */
export function linesOf(
  { service, log }: NamedLog,
  time: { readonly fromMs: number; readonly untilMs: number },
): WrittenLines {
  const lines: string[] = [];
  const times: number[] = [];
  let length = 0;
  log.follow((line, atMs) => {
    if (atMs < time.fromMs || atMs > time.untilMs) return;
    lines.push(line);
    times.push(atMs);
    length += line.length;
    while (lines.length > LOG_LINES || (length > LOG_LENGTH && lines.length > 1)) {
      length -= lines.shift()!.length;
      times.shift();
    }
  });
  return { service, lines, atMs: times };
}
