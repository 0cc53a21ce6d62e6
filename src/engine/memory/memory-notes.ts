import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Runtime } from "../docker/connect.ts";
import { STACK_LABEL } from "../docker/labels.ts";

/** What a stack took is noted in a file of this kind, and kept for so long, in milliseconds: 30 days. */
const TOOK = ".took";
const NOTED_MS = 30 * 24 * 3_600_000;
/** Where it is noted what a stack of this project takes. */
export function fileOfNote(folder: string, name: string): string {
  const project = createHash("sha256").update(`${resolve()} ${name}`).digest("hex").slice(0, 16);
  return join(folder, `${project}${TOOK}`);
}

/** Notes what a stack takes. Those of stacks that have not been started for long go. */
export function writeMemoryNote(file: string, bytes: number): void {
  writeFileSync(file, String(bytes));
  for (const { name, parentPath } of readdirSync(dirname(file), { withFileTypes: true })) {
    const path = join(parentPath, name);
    if (name.endsWith(TOOK) && statSync(path).mtimeMs < Date.now() - NOTED_MS) rmSync(path, { force: true });
  }
}

/** What is noted, in bytes; undefined where nothing is. */
export function readMemoryNote(file: string): number | undefined {
  try {
    return Number(readFileSync(file, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

/** What the containers of a stack take now, but for files that the machine could forget. */
export async function takenBy(stackId: string, connect: () => Promise<Runtime>): Promise<number> {
  const { docker } = await connect();
  const containers = await docker.listContainers({ filters: { label: [`${STACK_LABEL}=${stackId}`] } });
  const each = containers.map(async ({ Id }) => {
    const { memory_stats: memory } = await docker.getContainer(Id).stats({ stream: false, "one-shot": true });
    // Called so by cgroups 2, and by cgroups 1.
    const { inactive_file = 0, total_inactive_file = inactive_file } = memory.stats as unknown as Record<
      string,
      number
    >;
    return memory.usage - total_inactive_file;
  });
  return (await Promise.all(each)).reduce((sum, bytes) => sum + bytes, 0);
}
