import { createHash } from "node:crypto";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Folders that are never an image's source: what builds write, and what package managers fetch. */
const NOT_SOURCE = new Set(["node_modules", "dist", ".git"]);

/** A short digest of texts and of the content of files and folders; the same for the same content anywhere. */
export async function digestOf(texts: readonly string[], paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:${text}`);
  for (const path of paths) await addPath(hash, path, "");
  return hash.digest("hex").slice(0, 12);
}

async function addPath(hash: ReturnType<typeof createHash>, path: string, name: string): Promise<void> {
  const found = await stat(path);
  if (found.isDirectory()) {
    for (const entry of (await readdir(path)).toSorted())
      if (!NOT_SOURCE.has(entry)) await addPath(hash, join(path, entry), `${name}/${entry}`);
    return;
  }
  const content = await readFile(path);
  hash.update(`${name}:${found.mode & 0o111}:${content.length}:`).update(content);
}
