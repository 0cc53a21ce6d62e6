import { Readable } from "node:stream";
import { expect } from "chai";
import tar from "tar-stream";
import { moveArchive } from "../../src/engine/docker/archive.ts";

describe("a folder's archive", () => {
  /** The entries of such an archive under another path: "name", or "name -> target" for a hard link. */
  async function moved(names: readonly string[], to: string): Promise<string[]> {
    const archive = tar.pack();
    for (const name of names) {
      const [path, linkname] = name.split(" -> ");
      if (linkname !== undefined) archive.entry({ name: path!, type: "link", linkname });
      else if (name.endsWith("/")) archive.entry({ name, type: "directory" });
      else archive.entry({ name }, "content");
    }
    archive.finalize();
    const extract = tar.extract();
    moveArchive(Readable.from(archive), to).pipe(extract);
    const found: string[] = [];
    for await (const entry of extract) {
      const { name, linkname } = entry.header;
      found.push(linkname ? `${name} -> ${linkname}` : name);
      entry.resume();
    }
    return found;
  }

  const expected = [
    "stackspec/data/",
    "stackspec/data/sub/",
    "stackspec/data/sub/rows",
    "stackspec/data/same -> stackspec/data/sub/rows",
  ];

  for (const [engine, names] of Object.entries({
    "as Docker gives it": ["data/", "data/sub/", "data/sub/rows", "data/same -> data/sub/rows"],
    "as Podman gives it of a container's volume that does not run": ["/", "/sub/", "/sub/rows", "/same -> /sub/rows"],
    "as tar makes it of the working directory": ["./", "./sub/", "./sub/rows", "./same -> ./sub/rows"],
  })) {
    it(`is moved to another path, ${engine}`, async () => {
      expect(await moved(names, "/stackspec/data")).to.deep.equal(expected);
    });

    it(`is given without the folder, ${engine}`, async () => {
      expect(await moved(names, "")).to.deep.equal(["sub/", "sub/rows", "same -> sub/rows"]);
    });
  }
});
