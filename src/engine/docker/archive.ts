import { Readable } from "node:stream";
import tar from "tar-stream";

/**
 * A folder's archive, as the engine gives it, with other paths: the folder's own name at the beginning of each is
 * replaced. Owners and modes stay; sockets and their like belong to processes, and are left out.
 *
 * @param to what takes the place of the folder's name; empty for the content alone, without the folder
 */
export function moveArchive(archive: NodeJS.ReadableStream, to: string): Readable {
  const moved = tar.pack();
  const move = (name: string): string => `${to}${name.replace(/^\.?\/?[^/]*/, "")}`.replace(/^\//, "");
  const extract = tar.extract();
  extract.on("entry", (header, content, next) => {
    const name = move(header.name);
    if (name === "" || !["file", "directory", "symlink", "link"].includes(header.type ?? "file")) {
      content.resume().once("end", next);
      return;
    }
    // A hard link names another entry of the archive; a symbolic one whatever it likes.
    const linkname = header.type === "link" ? move(header.linkname) : header.linkname;
    content.pipe(moved.entry({ ...header, name, ...(linkname ? { linkname } : {}) }, next));
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
