import { readFileSync } from "node:fs";
import type { Phase } from "../report/timeline.ts";

/** The beginning of a stretch of a run, in milliseconds since the command was typed. */
interface PhaseBegin {
  readonly name: string;
  readonly fromMs: number;
}

/** The phases of a run, for the last line that it prints. */
export interface Clock {
  /** A new phase begins, and the one before it ends, unless it is that one. */
  beginPhase(name: string): void;
  /** A stack starts now; while specs run that is theirs. */
  beginStack(): void;
  /** The first spec begins now; later ones change nothing. */
  beginSpecs(): void;
  /** The phases so far, of which the last goes on. */
  phases(): Phase[];
  /** "first spec after 3.1 s, end after 5.0 s: npm 0.3, engine 0.1, stack 2.7, specs 1.6, release 0.3" */
  summary(): string;
}

/** Time that something may take of a run: so much at once, and a part of what passes. */
export interface TimeShare {
  /** What may be spent now, in milliseconds; less than 0 when too much has been. */
  leftMs(): number;
  spend(ms: number): void;
}

/**
 * @param atOnceMs what may be spent before any time has passed
 * @param share the part of the time that passes @default 10, for a tenth
 */
export function timeShare(atOnceMs: number, share = 10): TimeShare {
  const fromMs = performance.now();
  let spentMs = 0;
  return {
    leftMs: () => atOnceMs + (performance.now() - fromMs) / share - spentMs,
    spend: (ms) => void (spentMs += ms),
  };
}

/**
 * A clock that began to run when the command was typed: with this process, or with npm, where that can be seen.
 *
 * @param typedAt when that was, in milliseconds of Unix time, if not then
 */
export function startClock(typedAt = startOfNpm() ?? performance.timeOrigin): Clock {
  const nodeFromMs = performance.timeOrigin - typedAt;
  const phases: PhaseBegin[] =
    nodeFromMs > 0
      ? [
          { name: "npm", fromMs: 0 },
          { name: "node", fromMs: nodeFromMs },
        ]
      : [];
  let firstSpecMs: number | undefined;
  const nowMs = (): number => performance.timeOrigin + performance.now() - typedAt;
  const beginPhase = (name: string): void => {
    if (phases.at(-1)?.name !== name) phases.push({ name, fromMs: nowMs() });
  };
  return {
    beginPhase,
    beginStack() {
      if (firstSpecMs === undefined) beginPhase("stack");
    },
    beginSpecs() {
      if (firstSpecMs !== undefined) return;
      firstSpecMs = nowMs();
      beginPhase("specs");
    },
    phases() {
      const endMs = nowMs();
      return phases.map(({ name, fromMs }, index) => ({
        name,
        fromMs: typedAt + fromMs,
        untilMs: typedAt + (phases[index + 1]?.fromMs ?? endMs),
      }));
    },
    summary() {
      const endMs = nowMs();
      const spans = phases.map(
        ({ name, fromMs }, index) => `${name} ${seconds((phases[index + 1]?.fromMs ?? endMs) - fromMs)}`,
      );
      const first = firstSpecMs === undefined ? "no spec ran" : `first spec after ${seconds(firstSpecMs)} s`;
      return `${first}, end after ${seconds(endMs)} s: ${spans.join(", ")}`;
    },
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

/** When the npm that started us was started, in milliseconds of Unix time. Linux only: other systems do not tell without a process of their own. */
function startOfNpm(): number | undefined {
  try {
    let pid = process.ppid;
    for (let level = 0; level < 3; level += 1) {
      // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: field 4 is the parent, 22 the start in ticks of 10 ms since boot.
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("npm ")) {
        const uptimeMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
        return Date.now() - uptimeMs + Number(fields[19]) * 10;
      }
      pid = Number(fields[1]);
    }
  } catch {
    // No /proc here.
  }
  return undefined;
}
