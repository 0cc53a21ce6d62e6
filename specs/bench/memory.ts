import { readFileSync } from "node:fs";

const LOOK_EVERY_MS = 50;
/** Linux' pages, in mebibytes. */
const PAGE = 4096 / 1024 ** 2;

/**
 * Watches the memory of a process and of all that it starts. The returned function ends that and gives the most that they
 * had at once, in mebibytes, as far as it was seen; undefined without /proc. Files that are mapped, such as Node itself,
 * count once, as much of them as the process with the most has.
 */
export function watchPeak(pid: number): () => number | undefined {
  let peak = 0;
  const look = (): void => {
    const all = familyOf(pid).map(pagesOf);
    const own = all.reduce((sum, { resident, shared }) => sum + resident - shared, 0);
    peak = Math.max(peak, (own + Math.max(0, ...all.map(({ shared }) => shared))) * PAGE);
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    return peak === 0 ? undefined : peak;
  };
}

/** A process, its children and theirs. https://man7.org/linux/man-pages/man5/proc_tid_children.5.html */
function familyOf(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`);
  const children = text.split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

/** https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html */
function pagesOf(pid: number): { resident: number; shared: number } {
  const [, resident = 0, shared = 0] = read(`/proc/${pid}/statm`).split(" ").map(Number);
  return { resident, shared };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // It has ended, or there is no /proc here.
  }
}
