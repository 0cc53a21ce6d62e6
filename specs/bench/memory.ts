import { readFileSync } from "node:fs";

const LOOK_EVERY_MS = 50;

/**
 * Watches the memory of a process and of all that it starts. The returned function ends that and gives the sum of their
 * peaks in mebibytes: an upper bound, as not all peaks are at the same moment.
 */
export function watchPeak(pid: number): () => number | undefined {
  const peaks = new Map<number, number>();
  const look = (): void => {
    for (const each of familyOf(pid)) peaks.set(each, Math.max(peaks.get(each) ?? 0, highWaterKib(each)));
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    const sum = [...peaks.values()].reduce((total, each) => total + each, 0);
    return sum === 0 ? undefined : sum / 1024;
  };
}

/** A process, its children and theirs. https://man7.org/linux/man-pages/man5/proc_tid_children.5.html */
function familyOf(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`);
  const children = text.split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

/** The most that a process has had in memory so far: the kernel keeps count, so that nothing between two looks is lost. */
function highWaterKib(pid: number): number {
  const [, kib = 0] = /^VmHWM:\s+(\d+)/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kib);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // It has ended, or there is no /proc here.
  }
}
