import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, openSync, rmSync } from "node:fs";
import type { ReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";

/** Opens a file without a name, which is gone when it is closed, or when this process ends, however it does. */
export function openUnnamed(): number {
  const path = join(tmpdir(), `stackspec-${randomUUID()}`);
  const fd = openSync(path, "wx+", 0o600);
  rmSync(path);
  return fd;
}

/** Writes a file that stays open. */
export const writeOpen = (fd: number): Writable => createWriteStream("", { fd, autoClose: false });

/** Reads a file from its beginning, which stays open. */
export const readOpen = (fd: number): ReadStream => createReadStream("", { fd, start: 0, autoClose: false });
