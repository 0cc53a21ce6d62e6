import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder } from "../docker/cache-folder.ts";

const fileOf = (key: string): string => join(cacheFolder(), "refused", key);

/** Notes why there can be no snapshot of this key: of the same another try would end in the same way. */
export function noteRefusal(key: string, why: string): void {
  try {
    mkdirSync(dirname(fileOf(key)), { recursive: true, mode: 0o700 });
    writeFileSync(fileOf(key), why, { mode: 0o600 });
  } catch {
    // Then each run tries again.
  }
}

/** Why an earlier run could not keep a snapshot of this key; undefined when none has said so. */
export function refusalOfSnapshot(key: string): string | undefined {
  try {
    return readFileSync(fileOf(key), "utf8");
  } catch {
    return undefined;
  }
}

/** Forgets all of them. */
export function forgetRefusals(): void {
  rmSync(dirname(fileOf("any")), { recursive: true, force: true });
}
