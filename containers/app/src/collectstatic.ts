import { cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assets } from "./assets.ts";
import { reasonOf, Unavailable } from "./errors.ts";

/**
 * Copies the static files to `<root>/static`, where a proxy serves them, and makes `<root>/media`. It may be repeated.
 * Answers with the number of files.
 * @throws Unavailable if the folder cannot be written
 */
export async function collectStatic(root: string): Promise<number> {
  const source = fileURLToPath(new URL("static/", assets));
  try {
    await cp(source, join(root, "static"), { recursive: true });
    await mkdir(join(root, "media"), { recursive: true });
  } catch (cause) {
    throw new Unavailable(`cannot copy the static files to ${root}: ${reasonOf(cause)}`, { cause });
  }
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}
