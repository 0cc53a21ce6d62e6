import { createHash } from "node:crypto";
import { lstat, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type Dockerode from "dockerode";
import tar from "tar-stream";
import { moveArchive } from "../docker/archive.ts";
import { messageOf } from "../../errors.ts";

/** A volume, and the ways to its files. */
export interface ReachableVolume {
  readonly name: string;
  /** A running container that may write there, and where it has the volume. */
  readonly container: Dockerode.Container;
  readonly path: string;
  /** Its folder on this machine, where the engine runs here and knows owners. Only root can look into it. */
  readonly folder: string | undefined;
}

/** What is in a volume. */
export interface VolumeFiles {
  /** Files, folders and symbolic links by their path in the volume, each with what differs once it has been changed. */
  readonly entries: ReadonlyMap<string, string>;
  /** The size of all files together. */
  readonly bytes: number;
}

/**
 * Lists a volume without reading the content of its files: on this machine, or with `find` and `stat` of the container's
 * image. Undefined where neither is possible.
 */
export async function listFiles({ folder, container, path }: ReachableVolume): Promise<VolumeFiles | undefined> {
  return (folder === undefined ? undefined : await listFolder(folder)) ?? (await listInside(container, path));
}

/** Each file's change time tells of every change, also of one that restores size and modification time. */
async function listFolder(folder: string): Promise<VolumeFiles | undefined> {
  const files: File[] = [];
  const look = async (path: string): Promise<void> => {
    const { mode, ino, uid, gid, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
    files.push({
      path: relative(folder, path),
      mode: Number(mode),
      owner: `${uid} ${gid}`,
      size: Number(size),
      changed: `${ino} ${mtimeNs} ${ctimeNs}`,
    });
  };
  try {
    const found = await readdir(folder, { recursive: true, withFileTypes: true });
    const looks = found.map(({ parentPath, name }) => look(join(parentPath, name)).catch(ignoreGone));
    await Promise.all(looks);
    return filesOf(files);
  } catch {
    return undefined;
  }
}

async function listInside(container: Dockerode.Container, path: string): Promise<VolumeFiles | undefined> {
  const root = `${path.replace(/\/+$/, "")}/./`;
  const stat = ["stat", "-c", "%f %u %g %s %i %y %z %n", "{}", "+"];
  const listed = await run(container, ["find", root, "-mindepth", "1", "-exec", ...stat]).catch(() => undefined);
  if (listed?.exitCode !== 0) return undefined;
  const lines = listed.output.split("\n").filter((line) => line !== "");
  const files = lines.map((line) => {
    const match = /^([0-9a-f]+) (\d+ \d+) (\d+) (\d+ \S+ \S+ \S+ \S+ \S+\.(\d{9}) \S+) (.*)$/.exec(line);
    if (match === null) return undefined;
    const [, mode, owner, size, changed, fraction, name] = match;
    const file: File = {
      path: name!.slice(root.length),
      mode: Number.parseInt(mode!, 16),
      owner: owner!,
      size: Number(size),
      changed: changed!,
    };
    return { file, fraction };
  });
  // A name with a line break cannot be read; and a `stat` that knows only whole seconds would miss changes.
  if (files.includes(undefined)) return undefined;
  if (files.length > 0 && files.every((each) => each!.fraction === "000000000")) return undefined;
  return filesOf(files.map((each) => each!.file));
}

interface File {
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
  readonly size: number;
  /** Differs once its content or anything else of it has been changed. */
  readonly changed: string;
}

const KINDS = new Map([
  [0o100000, "file"],
  [0o120000, "symlink"],
  [0o040000, "directory"],
]);

/** Sockets and their like belong to processes. A folder's times and size change with what is made in it. */
function filesOf(files: readonly File[]): VolumeFiles {
  const entries = new Map<string, string>();
  let bytes = 0;
  for (const { path, mode, owner, size, changed } of files) {
    const kind = KINDS.get(mode & 0o170000);
    if (kind === undefined) continue;
    entries.set(path, [kind, mode, owner, ...(kind === "directory" ? [] : [size, changed])].join(" "));
    if (kind === "file") bytes += size;
  }
  return { entries, bytes };
}

/** The content of a volume as an archive, its paths as `listFiles` has them. */
export async function archiveOf({ container, path }: ReachableVolume): Promise<Readable> {
  return moveArchive(await container.getArchive({ path }), "");
}

/** Lists an archive of `archiveOf`, each file with the digest of its content: where there is no cheaper way. */
export async function listArchive(archive: Readable): Promise<VolumeFiles> {
  const entries = new Map<string, string>();
  let bytes = 0;
  const extract = tar.extract();
  const list = async (): Promise<void> => {
    for await (const entry of extract) {
      const { type, name, mode, uid, gid, mtime, linkname, size } = entry.header;
      const digest = createHash("sha256");
      for await (const chunk of entry) digest.update(chunk as Buffer);
      const rest = type === "directory" ? [] : [size, mtime?.getTime(), linkname, digest.digest("hex")];
      entries.set(pathOf(name), [type, mode, uid, gid, ...rest].join(" "));
      if (type === "file") bytes += size;
    }
  };
  await Promise.all([pipeline(archive, extract), list()]);
  return { entries, bytes };
}

/** Writes those entries of an archive of `archiveOf` into the volume whose paths are wanted. */
export async function putBack(
  { container, path, folder }: ReachableVolume,
  archive: Readable,
  wanted: VolumeFiles["entries"],
): Promise<void> {
  const extract = tar.extract();
  const pack = tar.pack();
  const select = async (): Promise<void> => {
    for await (const entry of extract) {
      const [, , uid, gid] = wanted.get(pathOf(entry.header.name))?.split(" ").map(Number) ?? [];
      // In Podman's archives all belongs to the container's user. Of a folder the owner may be known by another number.
      const owner = folder === undefined ? { uid: uid!, gid: gid! } : {};
      if (uid === undefined) entry.resume();
      else await pipeline(entry, pack.entry({ ...entry.header, ...owner }));
    }
    pack.finalize();
  };
  // Into the volume itself: what is around it may be read-only.
  await Promise.all([pipeline(archive, extract), select(), container.putArchive(Readable.from(pack), { path })]);
}

/** Removes files, and then those folders that are empty: one with a socket of a service's in it stays. */
export async function removeAdded(
  { container, path }: ReachableVolume,
  added: readonly { readonly path: string; readonly isFolder: boolean }[],
): Promise<void> {
  const files = added.filter(({ isFolder }) => !isFolder).map((each) => join(path, each.path));
  const folders = added.filter(({ isFolder }) => isFolder).map((each) => join(path, each.path));
  for (const some of chunks(files)) {
    // Whoever runs the service may remove what it has made, but not always what a spec made as root; nor the other way round.
    const failed = (await run(container, ["rm", "-f", "--", ...some])).exitCode !== 0;
    const again = failed ? await run(container, ["rm", "-f", "--", ...some], "0:0") : undefined;
    if (again !== undefined && again.exitCode !== 0)
      throw new Error(`files that were added cannot be removed: ${again.output.trim()}`);
  }
  const deepestFirst = folders.toSorted((a, b) => b.length - a.length);
  for (const some of chunks(deepestFirst)) await run(container, ["rmdir", "--", ...some], "0:0");
}

/** As many as surely fit on one command line. */
function chunks(paths: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(paths.length / 500) }, (_, index) =>
    paths.slice(index * 500, (index + 1) * 500),
  );
}

const pathOf = (name: string): string => name.replace(/\/$/, "");

async function run(container: Dockerode.Container, Cmd: string[], User = "") {
  const exec = await container.exec({ Cmd, AttachStdout: true, AttachStderr: true, ...(User && { User }) });
  const stream = await exec.start({});
  const [output, errors] = [new PassThrough(), new PassThrough()];
  container.modem.demuxStream(stream, output, errors);
  stream.once("close", () => [output, errors].map((each) => each.end()));
  const [out, err] = await Promise.all([text(output), text(errors)]);
  const { ExitCode: exitCode } = await exec.inspect();
  return { exitCode, output: exitCode === 0 ? out : `${out}${err}` };
}

function ignoreGone(error: unknown): void {
  if ((error as { code?: string }).code !== "ENOENT") throw new Error(messageOf(error), { cause: error });
}
