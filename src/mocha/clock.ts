import { readFileSync } from "node:fs";

/** One stretch of a run, in milliseconds since the command was typed. */
interface Phase {
  readonly name: string;
  readonly fromMs: number;
}

const phases: Phase[] = [];
/** When the command was typed: this process's start, or npm's, where that can be seen. */
const typedAt = startOfNpm() ?? performance.timeOrigin;
let firstSpecMs: number | undefined;

function nowMs(): number {
  return performance.timeOrigin + performance.now() - typedAt;
}

/** A new phase begins, and the one before it ends. */
export function beginPhase(name: string): void {
  if (phases.length === 0 && performance.timeOrigin > typedAt)
    phases.push({ name: "npm", fromMs: 0 }, { name: "node", fromMs: performance.timeOrigin - typedAt });
  phases.push({ name, fromMs: nowMs() });
}

/** The first spec begins now. */
export function beginSpecs(): void {
  if (firstSpecMs !== undefined) return;
  beginPhase("specs");
  firstSpecMs = nowMs();
}

/** "first spec after 3.1 s, end after 5.0 s: npm 0.3, engine 0.1, stack 2.7, specs 1.6, release 0.3" */
export function phaseSummary(): string {
  const endMs = nowMs();
  const spans = phases.map(
    ({ name, fromMs }, index) => `${name} ${seconds((phases[index + 1]?.fromMs ?? endMs) - fromMs)}`,
  );
  const first = firstSpecMs === undefined ? "no spec ran" : `first spec after ${seconds(firstSpecMs)} s`;
  return `${first}, end after ${seconds(endMs)} s: ${spans.join(", ")}`;
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
