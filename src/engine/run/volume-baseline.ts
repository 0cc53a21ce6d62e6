import { createHash } from "node:crypto";
import { lstat, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type Dockerode from "dockerode";
import { isDeepStrictEqual } from "node:util";
import tar from "tar-stream";
import { moveArchive } from "../docker/archive.ts";
import { StackspecError } from "../../errors.ts";

/** Content of a volume that is remembered whole; more than that is not what a volume of a test stack holds. */
const MOST_BYTES = 64 * 1024 ** 2;

/** A volume's files as they were, and through which container they are reached. */
export interface VolumeBaseline {
  readonly name: string;
  readonly container: Dockerode.Container;
  readonly path: string;
  readonly archive: Buffer;
  /** Its folder on this machine, where that can be seen. */
  readonly folder: string | undefined;
  /** How that folder looked when its files were those of the archive; undefined when that is not known. */
  look: string | undefined;
}

/** Remembers a volume's files; for the runs after this one too, in `file`, which is believed when it is there. */
export async function takeVolumeBaseline(
  name: string,
  container: Dockerode.Container,
  path: string,
  folder: string | undefined,
  file: string | undefined,
): Promise<VolumeBaseline> {
  const look = await fingerprintOf(folder);
  const remembered = file === undefined ? undefined : await readFile(file).catch(() => undefined);
  const archive = remembered ?? (await archiveOf(container, path));
  if (archive.length > MOST_BYTES)
    throw new StackspecError(
      "RESET_FAILED",
      `expected at most ${MOST_BYTES} bytes to remember, found ${archive.length}`,
      { subject: name, hint: 'use a stack of its own: useStack(stack, { scope: "suite" })' },
    );
  if (file !== undefined && remembered === undefined) await writeFile(file, archive, { mode: 0o600 });
  return { name, container, path, archive, folder, look: remembered === undefined ? look : undefined };
}

/** Brings a volume's files back: changed and removed ones from memory; added ones go. Sockets stay. */
export async function resetVolume(baseline: VolumeBaseline): Promise<void> {
  const { name, container, path, archive, folder } = baseline;
  const look = await fingerprintOf(folder);
  if (look !== undefined && look === baseline.look) return;
  const [known, now] = await Promise.all([filesIn(archive), archiveOf(container, path).then(filesIn)]);
  const isSame = isDeepStrictEqual(now, known);
  baseline.look = isSame ? look : undefined;
  if (isSame) return;
  const added = [...now.keys()].filter((file) => !known.has(file));
  const parent = path.replace(/\/[^/]+\/?$/, "") || "/";
  if (added.length > 0)
    await run(name, container, ["rm", "-f", "--", ...added.map((file) => `${parent === "/" ? "" : parent}/${file}`)]);
  // Into the volume itself: what is around it may be read-only.
  await container.putArchive(moveArchive(Readable.from(archive), ""), { path });
}

/**
 * What tells at once whether anything in a folder has changed: each file's place, size and times. The engine takes ten
 * times as long to hand out the files. Undefined when this process cannot see the folder.
 */
async function fingerprintOf(folder: string | undefined): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink());
    const looks = files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      const { ino, mode, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
      return [path, ino, mode, size, mtimeNs, ctimeNs].join(" ");
    });
    return (await Promise.all(looks)).toSorted().join("\n");
  } catch {
    return undefined;
  }
}

async function archiveOf(container: Dockerode.Container, path: string): Promise<Buffer> {
  return buffer(await container.getArchive({ path }));
}

/** The files and links of an archive, each with what it is. A folder's own time changes with a socket that is made in it. */
async function filesIn(archive: Buffer): Promise<Map<string, string>> {
  const extract = Readable.from(archive).pipe(tar.extract());
  const files = new Map<string, string>();
  for await (const entry of extract) {
    const { type, name, mode, uid, gid, mtime, linkname } = entry.header;
    const content = createHash("sha256").update(await buffer(entry));
    if (type === "file" || type === "symlink")
      files.set(name, [type, mode, uid, gid, mtime?.getTime(), linkname, content.digest("hex")].join(" "));
  }
  return files;
}

async function run(name: string, container: Dockerode.Container, command: string[]): Promise<void> {
  const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const output = await buffer(stream);
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0)
    throw new StackspecError(
      "RESET_FAILED",
      `files that were added cannot be removed: ${output.toString("utf8").trim()}`,
      { subject: name },
    );
}
