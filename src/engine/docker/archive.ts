import { posix } from "node:path";
import { Readable } from "node:stream";
import tar from "tar-stream";

const { join, relative } = posix;

/**
 * A folder's archive, as the engine gives it, with other paths: the folder's own name at the beginning of each is
 * replaced. That is what its first entry is called: "data/", and "/" where Podman gives the volume of a container that does
 * not run. Owners and modes stay; sockets and their like belong to processes, and are left out.
 *
 * @param to what takes the place of the folder's name; empty for the content alone, without the folder
 */
export function moveArchive(archive: NodeJS.ReadableStream, to: string): Readable {
  const moved = tar.pack();
  let root: string | undefined;
  const move = (name: string): string => join("/", to, relative(root!, join("/", name))).slice(1);
  const extract = tar.extract();
  extract.on("entry", (header, content, next) => {
    root ??= join("/", header.name);
    const name = move(header.name);
    if (name === "" || !["file", "directory", "symlink", "link"].includes(header.type ?? "file")) {
      content.resume().once("end", next);
      return;
    }
    // A hard link names another entry of the archive; a symbolic one whatever it likes.
    const linkname = header.type === "link" ? move(header.linkname) : header.linkname;
    const entry = {
      ...header,
      name: header.type === "directory" ? `${name}/` : name,
      ...(linkname ? { linkname } : {}),
    };
    content.pipe(moved.entry(entry, next));
  });
  extract.once("finish", () => moved.finalize());
  extract.once("error", (error) => moved.destroy(error));
  archive.once("error", (error) => moved.destroy(error));
  archive.pipe(extract);
  return Readable.from(moved);
}

/** An archive of an empty folder with this mode. */
export function folderArchive(name: string, mode: number): Readable {
  const archive = tar.pack();
  archive.entry({ name: `${name}/`, type: "directory", mode });
  archive.finalize();
  return Readable.from(archive);
}
