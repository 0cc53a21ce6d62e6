import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Stats } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { StackspecError, messageOf } from "../errors.ts";

/** Folders that are no source wherever they are: what package managers fetch, and what version control keeps. */
const NO_SOURCE = new Set(["node_modules", ".git"]);

/**
 * A short digest of texts and of sources: the names of files, their content, and whether they may be executed; of a
 * link what it points at. The same for the same content anywhere. `node_modules` and `.git` do not count.
 *
 * @param options `dist`: whether a folder of this name at the top of a path counts. Default false: it is where builds
 *   write. Further below it always counts
 * @throws StackspecError `FILE_MISSING`
 */
export async function digestOf(
  texts: readonly string[],
  paths: readonly string[],
  { dist = false }: { readonly dist?: boolean } = {},
): Promise<string> {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:${text}`);
  const isSource = (entry: string, folder: string): boolean =>
    !NO_SOURCE.has(entry) && (dist || folder !== "" || entry !== "dist");
  for (const [index, top] of paths.entries()) {
    // A file that moves from one path to the next is at another place.
    // Stryker disable next-line ConditionalExpression,EqualityOperator: before the first path it would change every digest alike
    if (index > 0) hash.update(`|${index}|`);
    for (const { name, path, stats, entries } of await entriesOf(top, isSource)) {
      if (stats.isSymbolicLink()) hash.update(`${name}->${await readlink(path)}:`);
      // Stryker disable next-line ConditionalExpression: said of each entry, it would tell no more and no less
      if (entries?.length === 0) hash.update(`${name}/:`);
      if (!stats.isFile()) continue;
      hash.update(`${name}:${stats.mode & 0o111}:${stats.size}:`);
      await addContent(hash, path);
    }
  }
  return hash.digest("hex").slice(0, 12);
}

/** How much is read at most. */
export interface Limit {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * A digest of all that a container finds in a file or a folder: names, content, modes and owners of every file and folder;
 * of a link what it points at. Times do not count: each checkout has its own.
 *
 * @throws StackspecError `FILE_MISSING`
 * @throws Error when some of it cannot be read, such as a socket, or there is more than `limit`
 */
export async function digestOfContent(top: string, limit?: Limit): Promise<string> {
  const hash = createHash("sha256");
  for (const { name, path, stats } of await entriesOf(top, () => true, limit)) {
    const { mode, uid, gid, size } = stats;
    const content = stats.isSymbolicLink() ? await readlink(path) : stats.isFile() ? size : null;
    hash.update(`${JSON.stringify([name, mode, uid, gid, content])}\n`);
    if (stats.isFile()) await addContent(hash, path);
  }
  return hash.digest("hex");
}

/** A file, a folder or a link below a path. */
interface Entry {
  /** Relative to that path, with a slash before; "" for the path itself. */
  readonly name: string;
  readonly path: string;
  readonly stats: Stats;
  /** A folder's own entries. */
  readonly entries: readonly string[] | undefined;
}

/** All that lies below a path, in an order of its own. Links are not followed, but for the path itself. */
async function entriesOf(
  top: string,
  counts: (entry: string, folder: string) => boolean,
  limit?: Limit,
): Promise<Entry[]> {
  const found: Entry[] = [];
  let bytes = 0;
  const visit = async (name: string): Promise<void> => {
    const path = join(top, name);
    const stats = await (name === "" ? statOf(top) : lstat(path));
    if (!stats.isFile() && !stats.isDirectory() && !stats.isSymbolicLink())
      throw new Error(`${path} is neither a file, a folder nor a link: what comes out of it cannot be known`);
    const entries = stats.isDirectory()
      ? (await readdir(path)).toSorted().filter((entry) => counts(entry, name))
      : undefined;
    found.push({ name, path, stats, entries });
    bytes += stats.size;
    if (limit !== undefined && (found.length > limit.entries || bytes > limit.bytes))
      throw new Error(`${top} holds more than ${limit.entries} files or ${limit.bytes / 1024 ** 2} MiB`);
    for (const entry of entries ?? []) await visit(`${name}/${entry}`);
  };
  await visit("");
  return found;
}

async function statOf(top: string): Promise<Stats> {
  return stat(top).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw new StackspecError("FILE_MISSING", `expected a file or a folder, found nothing: ${messageOf(cause)}`, {
      subject: top,
      hint: "check the path where it is declared",
      cause,
    });
  });
}

async function addContent(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
}
