import type { Log } from "./log.ts";

/** The logs of a container and of what takes its place, as one. */
export function joinLogs(before: Log | undefined, after: Log): Log {
  if (before === undefined) return after;
  return {
    get lines() {
      return [...before.lines, ...after.lines];
    },
    get count() {
      return before.count + after.count;
    },
    file: after.file,
    follow(onLine) {
      const stops = [before.follow(onLine), after.follow(onLine)];
      return () => stops.forEach((stop) => stop());
    },
    ended: after.ended,
    written: after.written,
    cut: (why) => after.cut(why),
  };
}
