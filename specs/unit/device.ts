import { execFileSync } from "node:child_process";
import { join } from "node:path";

/**
 * A null device that a spec may try to replace. A defect would replace the machine's own, as root, and break every
 * process on it: root gets one of its own, anybody else cannot replace `/dev/null`.
 */
export function nullDevice(folder: string): string {
  if (process.getuid?.() !== 0) return "/dev/null";
  const path = join(folder, "null");
  execFileSync("mknod", [path, "c", "1", "3"]);
  return path;
}
