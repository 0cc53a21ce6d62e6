import { mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * True for a file, or a place where there is none yet: what can be replaced whole, as often as one likes. False for a
 * device, a pipe or a socket, which is written to instead.
 */
export function isReplaceable(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

/**
 * Writes a file so that a reader, or a crash, at any moment finds the old content or the new, never a part. A symbolic
 * link stays: the file that it leads to is written. What is no file is written to, not replaced.
 *
 * @throws Error from the file system: a report that cannot be written is not to be missed
 */
export function writeAtomically(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (!isReplaceable(path)) return writeFileSync(path, content);
  const target = statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path);
  const draft = `${target}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, content);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
