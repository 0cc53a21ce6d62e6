import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { declarationNames, loadDeclaration } from "../../src/declarations.ts";
import type { DeclarationKind } from "../../src/declarations.ts";

interface Song {
  readonly title: string;
}

describe("a declaration", () => {
  let folder = "";
  let songs: DeclarationKind<Song>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-declarations-"));
    songs = { folder, setting: "SONG", madeBy: "defineSong", accepts: ({ title }) => title !== undefined };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const write = (file: string, text = `export default { title: "${file}" };\n`) => writeFile(join(folder, file), text);

  it("is chosen by its file's name", async () => {
    await write("one.mjs");
    await write("two.mts");
    await expect(loadDeclaration(songs, "two")).to.eventually.deep.equal({ title: "two.mts" });
  });

  it("need not be chosen when it is the only one", async () => {
    await write("one.mjs");
    await write("README.md");
    await write("one.d.ts");
    await expect(loadDeclaration(songs, undefined)).to.eventually.deep.equal({ title: "one.mjs" });
  });

  it("must be chosen among several", async () => {
    await write("one.mjs");
    await write("two.mjs");
    await expect(loadDeclaration(songs, undefined)).to.be.rejectedWith(
      "USAGE: SONG: expected one of one, two, got nothing",
    );
  });

  it("is not another with that name's beginning", async () => {
    await write("one.two.mjs");
    await expect(loadDeclaration(songs, "one")).to.be.rejectedWith('USAGE: SONG: expected one of one.two, got "one"');
  });

  it("is none in a folder that is not there", async () => {
    const nowhere = { ...songs, folder: join(folder, "missing") };
    await expect(declarationNames(nowhere)).to.eventually.deep.equal([]);
    await expect(loadDeclaration(nowhere, undefined)).to.be.rejectedWith(
      `USAGE: SONG: expected a file in ${folder}/missing/, got nothing`,
    );
  });

  for (const text of ["export default null;", "export default { name: 1 };", 'export default "title";', "export {};"])
    it(`is refused when its file says ${text}`, async () => {
      await write("one.mjs", text);
      await expect(loadDeclaration(songs, "one")).to.be.rejectedWith(
        `USAGE: ${folder}/one.mjs: expected a default export made by defineSong`,
      );
    });

  it("fails with what its file throws, in one line", async () => {
    await write("one.mjs", 'throw new RangeError("no such note");');
    await expect(loadDeclaration(songs, "one")).to.be.rejectedWith(
      `USAGE: ${folder}/one.mjs:1: expected a file that can be loaded, got RangeError: no such note`,
    );
  });
});
