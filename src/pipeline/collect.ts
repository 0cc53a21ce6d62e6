import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type Dockerode from "dockerode";
import { extract } from "tar-fs";
import type { Headers } from "tar-fs";
import { isNotFound } from "../engine/docker/connect.ts";
import { StackspecError, messageOf } from "../errors.ts";

/** What a file is called in the draft, where a folder is the draft itself. */
const FILE = "file";

/**
 * Copies a file or folder of a container to its place on this machine, which it replaces.
 *
 * @param subject the task that it is of, for the error
 * @throws StackspecError `TASK_FAILED` when it is not there, breaks off, or holds a link that leads out of it
 */
export async function collect(
  container: Dockerode.Container,
  from: string,
  to: string,
  subject: string,
): Promise<void> {
  try {
    await unpack(await container.getArchive({ path: from }), to);
  } catch (cause) {
    const what = isNotFound(cause)
      ? `expected it to leave ${from}, found nothing there`
      : `cannot copy ${from} to ${to}: ${messageOf(cause)}`;
    throw new StackspecError("TASK_FAILED", what, { subject, cause });
  }
}

/**
 * Unpacks the archive of one file or folder, as engines give it, to a place of any name, which it replaces
 * when all of it is there, and not before.
 *
 * What stands in the archive was written by whatever ran in a container, and reaches nothing outside of that place:
 * a path that leads out ends inside, a link that leads out is refused, as is a link in place of the file or folder.
 * The files belong to who runs this, without setuid and its like. Devices, pipes and sockets are left out.
 *
 * @throws Error when the archive breaks off, or has such a link
 */
export async function unpack(archive: NodeJS.ReadableStream, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const draft = await mkdtemp(`${to}.`);
  let root: Headers | undefined;
  const below = (path: string): string => path.slice(root!.name.replace(/\/$/, "").length + 1);
  const map = (header: Headers & { linkname?: string }): Headers => {
    root ??= { ...header };
    // A hard link names another entry of the archive; a symbolic one whatever it likes.
    const linkname = header.type === "link" ? below(header.linkname!) : header.linkname;
    return Object.assign(header, { name: below(header.name) || (header.type === "directory" ? "." : FILE), linkname });
  };
  // Folders stay open to their owner, who has to fill them now and to remove them one day.
  const files = extract(draft, { chown: false, strict: false, dmode: 0o700, map } as object);
  // tar-fs listens to a file's content when it has opened the file: what breaks before would end this process.
  files.on("entry", (_, content) => content.on("error", () => {}));
  try {
    await pipeline(archive, files);
    if (root?.type === "symlink") throw new Error(`expected a file or folder, found a link`);
    await rm(to, { recursive: true, force: true });
    if (root?.type === "directory") await chmod(draft, (root.mode & 0o777) | 0o700);
    await rename(root?.type === "directory" ? draft : join(draft, FILE), to);
  } catch (error) {
    throw new Error(messageOf(error).replace(`${draft}/`, ""), { cause: error });
  } finally {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 });
  }
}
