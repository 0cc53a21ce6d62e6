import { Readable } from "node:stream";
import { expect } from "chai";
import fc from "fast-check";
import tar from "tar-stream";
import { packSnapshots, unpackSnapshots } from "../../src/engine/snapshot/archive-file.ts";
import type { FiledImage } from "../../src/engine/snapshot/archive-file.ts";

const IMAGES: readonly FiledImage[] = [
  { reference: "snapshot/shop/db:1", labels: { key: "1" } },
  { reference: "snapshot/shop/web:1", labels: { key: "1" } },
];

/** An archive of a folder, as an engine gives it. */
function folder(content: string): Readable {
  const archive = tar.pack();
  archive.entry({ name: "data/", type: "directory", mode: 0o700, uid: 999 });
  archive.entry({ name: "data/empty" }, "");
  archive.entry({ name: "data/rows", mode: 0o640, uid: 999 }, content);
  archive.entry({ name: "data/link", type: "link", linkname: "data/rows" });
  archive.finalize();
  return Readable.from(archive);
}

async function packed(content = "rows"): Promise<Buffer> {
  const pack = packSnapshots(IMAGES, async function* (index) {
    yield folder(`${content} of ${index}`);
  });
  return Buffer.concat((await Readable.from(pack).toArray()) as Buffer[]);
}

/** What is read back: "db:1 data/rows 640 999 rows of 0". */
async function unpacked(archive: Buffer): Promise<string[]> {
  const read: string[] = [];
  await unpackSnapshots("cache.zst", Readable.from([archive]), async ({ reference }, folders) => {
    const whole = (await folders.toArray()) as Buffer[];
    const extract = tar.extract();
    Readable.from(whole).pipe(extract);
    for await (const entry of extract) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      const { name, mode, uid, linkname } = entry.header;
      read.push([reference, name, mode.toString(8), uid, linkname, Buffer.concat(chunks).toString()].join(" "));
    }
  });
  return read;
}

describe("a file of snapshots", () => {
  it("gives back each image's folders with owners, modes and links", async () => {
    const entries = (image: string, index: number): string[] => [
      `${image} data/ 700 999  `,
      `${image} data/empty 644 0  `,
      `${image} data/rows 640 999  rows of ${index}`,
      `${image} data/link 644 0 data/rows `,
    ];
    expect(await unpacked(await packed())).to.deep.equal([
      ...entries("snapshot/shop/db:1", 0),
      ...entries("snapshot/shop/web:1", 1),
    ]);
  });

  it("is refused, with its name, wherever it is cut off", async () => {
    const archive = await packed();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: archive.length - 2_049 }), async (length) => {
        const failure = await unpacked(archive.subarray(0, length)).catch((error: unknown) => error);
        expect(failure)
          .to.have.property("message")
          .that.matches(/^SNAPSHOT_FAILED: cache\.zst: expected snapshots/);
      }),
      { numRuns: 50 },
    );
  });

  it("is refused when a byte of its content is another", async () => {
    const archive = await packed("0123456789".repeat(1_000));
    archive[archive.indexOf("0123456789") + 5_000]! ^= 1;
    await expect(unpacked(archive)).to.be.rejectedWith("it is damaged: its digest is another");
  });

  it("is refused when it is of another format", async () => {
    const archive = await packed();
    archive.write("9", archive.indexOf('"format":1') + '"format":'.length);
    await expect(unpacked(archive)).to.be.rejectedWith("of format 1, got 9");
  });

  it("is refused when it is an archive of something else", async () => {
    const archive = Buffer.concat((await folder("x").toArray()) as Buffer[]);
    await expect(unpacked(archive)).to.be.rejectedWith("of format 1, got data/");
  });

  it("fails with whoever reads it", async () => {
    const archive = Readable.from([await packed()]);
    const failing = async (): Promise<void> => {
      throw new Error("no space left");
    };
    await expect(unpackSnapshots("cache.zst", archive, failing)).to.be.rejectedWith("no space left");
  });
});
