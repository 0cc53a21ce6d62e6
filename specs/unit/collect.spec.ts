import { lstat, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect } from "chai";
import tar from "tar-stream";
import type { Header } from "tar-stream";
import { unpack } from "../../src/pipeline/collect.ts";

type Entry = Partial<Header> & { readonly name: string; readonly content?: string };

const root: Entry = { name: "out/", type: "directory", mode: 0o755 };

/** The archive of what a container has under `/out`, as an engine gives it. */
function archive(...entries: readonly Entry[]): Readable {
  const pack = tar.pack();
  for (const { content = "", ...header } of entries) pack.entry(header, content);
  pack.finalize();
  return pack as unknown as Readable;
}

describe("what is copied out of a container", () => {
  let folder: string;
  let place: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "collect-"));
    place = join(folder, "place");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const read = (path: string): Promise<string> => readFile(join(place, path), "utf8");
  const mode = async (path: string): Promise<number> => (await lstat(join(place, path))).mode & 0o7777;
  /** Why it is refused. Nothing but what was there before is there afterwards. */
  async function refusal(given: Readable): Promise<string> {
    await writeFile(place, "before");
    const why = await unpack(given, place).then(
      () => "nothing",
      (error: Error) => error.message,
    );
    expect([await readdir(folder), await readFile(place, "utf8")]).to.deep.equal([["place"], "before"]);
    return why;
  }

  it("is a folder with all that is below it", async () => {
    const deep = { name: "out/deep/", type: "directory" } as const;
    await unpack(archive(root, deep, { name: "out/deep/file.txt", content: "text" }), place);
    expect(await read("deep/file.txt")).to.equal("text");
  });

  it("has folders as open as they were, and to their owner in any case, who has to remove them one day", async () => {
    const closed = { name: "out/closed/", type: "directory", mode: 0o550 } as const;
    await unpack(archive({ ...root, mode: 0o511 }, closed, { name: "out/closed/file.txt" }), place);
    expect([await mode("."), await mode("closed")]).to.deep.equal([0o711, 0o750]);
  });

  it("is a file", async () => {
    await unpack(archive({ name: "report.xml", content: "<testsuite/>" }), place);
    expect(await readFile(place, "utf8")).to.equal("<testsuite/>");
  });

  it("is the content of a folder that is asked for as /out/.", async () => {
    await unpack(archive({ ...root, name: "./" }, { name: "./file.txt", content: "text" }), place);
    expect(await read("file.txt")).to.equal("text");
  });

  it("replaces all that was there", async () => {
    await unpack(archive(root, { name: "out/old.txt" }), place);
    await unpack(archive(root, { name: "out/new.txt" }), place);
    expect([await readdir(place), await readdir(folder)]).to.deep.equal([["new.txt"], ["place"]]);
  });

  it("belongs to who copies it, and may be run as before, but not as somebody else", async () => {
    await unpack(archive(root, { name: "out/run", mode: 0o4755, uid: 4242, gid: 4242 }), place);
    expect([await mode("run"), (await lstat(join(place, "run"))).uid]).to.deep.equal([0o755, process.getuid!()]);
  });

  it("keeps links among its files", async () => {
    const hard = { name: "out/hard", type: "link", linkname: "out/file.txt" } as const;
    const soft = { name: "out/soft", type: "symlink", linkname: "file.txt" } as const;
    await unpack(archive(root, { name: "out/file.txt", content: "text" }, hard, soft), place);
    expect([await read("hard"), await read("soft")]).to.deep.equal(["text", "text"]);
  });

  it("has no devices and pipes", async () => {
    await unpack(archive(root, { name: "out/pipe", type: "fifo" }, { name: "out/file.txt" }), place);
    expect(await readdir(place)).to.deep.equal(["file.txt"]);
  });

  for (const name of ["out/../../escaped.txt", "out//../escaped.txt", "out//escaped.txt"])
    it(`ends inside of its place when it is called ${name}`, async () => {
      await unpack(archive(root, { name, content: "text" }), place);
      expect([await readdir(folder), await read("escaped.txt")]).to.deep.equal([["place"], "text"]);
    });

  for (const linkname of ["/etc/passwd", "../beside", "deep/../../beside"])
    it(`may not have a link to ${linkname}`, async () => {
      const link = { name: "out/link", type: "symlink", linkname } as const;
      expect(await refusal(archive(root, link))).to.equal("link is not a valid symlink");
    });

  it("may not have a link that leads out by way of another", async () => {
    const here = { name: "out/here", type: "symlink", linkname: "." } as const;
    const out = { name: "out/link", type: "symlink", linkname: "here/.." } as const;
    await unpack(archive(root, here, out, { name: "out/link/escaped.txt" }), place).catch(() => {});
    expect((await readdir(folder)).filter((name) => name !== "place")).to.deep.equal([]);
  });

  it("is not written through a link", async () => {
    const link = { name: "out/link", type: "symlink", linkname: "." } as const;
    expect(await refusal(archive(root, link, { name: "out/link/file.txt" }))).to.contain("is not a valid path");
  });

  it("may not have a hard link to what is not part of it", async () => {
    const link = { name: "out/link", type: "link", linkname: "out/../../place" } as const;
    expect(await refusal(archive(root, link))).to.equal("link is not a valid hardlink");
  });

  it("may not be a link itself", async () => {
    const link = { name: "latest.xml", type: "symlink", linkname: "file" } as const;
    expect(await refusal(archive(link))).to.equal("expected a file or folder, found a link");
  });

  it("is refused when the engine breaks off", async () => {
    const half = (await buffer(archive(root, { name: "out/file.txt", content: "x".repeat(2_000) }))).subarray(0, 1_536);
    expect(await refusal(Readable.from([half]))).to.equal("Unexpected end of data");
  });

  it("is refused when the connection breaks", async () => {
    const broken = new Readable({ read: () => broken.destroy(new Error("socket hang up")) });
    expect(await refusal(broken)).to.equal("socket hang up");
  });
});
