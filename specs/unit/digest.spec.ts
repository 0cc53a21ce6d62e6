import { chmod, cp, mkdir, mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { digestOf } from "../../src/images/digest.ts";

describe("a digest", () => {
  let folder = "";
  let before = "";
  const digest = () => digestOf([], [folder]);

  beforeEach("make a folder", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-digest-"));
    await mkdir(join(folder, "src"));
    await writeFile(join(folder, "Dockerfile"), "FROM debian");
    await writeFile(join(folder, "src/main.js"), "main()");
    before = await digest();
  });
  afterEach("remove it", () => rm(folder, { recursive: true }));

  it("is twelve hexadecimal digits", () => {
    expect(before).to.match(/^[0-9a-f]{12}$/);
  });

  it("is the same for the same content elsewhere", async () => {
    const copy = `${folder}-copy`;
    try {
      await cp(folder, copy, { recursive: true });
      await expect(digestOf([], [copy])).to.eventually.equal(before);
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  it("is the same at another time", async () => {
    await utimes(join(folder, "Dockerfile"), 0, 0);
    await expect(digest()).to.eventually.equal(before);
  });

  it("is the same whatever lies in node_modules and dist", async () => {
    await mkdir(join(folder, "node_modules"));
    await mkdir(join(folder, "src/dist"));
    await writeFile(join(folder, "node_modules/a.js"), "a");
    await writeFile(join(folder, "src/dist/a.js"), "a");
    await expect(digest()).to.eventually.equal(before);
  });

  for (const [change, make] of Object.entries({
    "content changes": () => writeFile(join(folder, "src/main.js"), "Main()"),
    "a file gets another name": () => rename(join(folder, "src/main.js"), join(folder, "src/index.js")),
    "a folder gets another name": () => rename(join(folder, "src"), join(folder, "lib")),
    "a file may be executed": () => chmod(join(folder, "src/main.js"), 0o755),
    "a file is added": () => writeFile(join(folder, "src/more.js"), ""),
    "a file is removed": () => rm(join(folder, "src/main.js")),
  }))
    it(`is another when ${change}`, async () => {
      await make();
      await expect(digest()).to.eventually.not.equal(before);
    });

  it("is another with other texts", async () => {
    await expect(digestOf(["base"], [folder])).to.eventually.not.equal(before);
  });

  it("does not take two texts for one", async () => {
    expect(await digestOf(["ab", "c"], [])).not.to.equal(await digestOf(["a", "bc"], []));
  });

  it("is that of a single file too", async () => {
    const file = join(folder, "Dockerfile");
    const first = await digestOf([], [file]);
    await writeFile(file, "FROM nginx");
    expect(await digestOf([], [file])).not.to.equal(first);
  });

  it("is refused for what is not there", async () => {
    await expect(digestOf([], [join(folder, "nothing")])).to.be.rejectedWith("ENOENT");
  });
});
