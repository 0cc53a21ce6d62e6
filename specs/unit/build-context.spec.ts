import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import tar from "tar-stream";
import { contextOf } from "../../src/images/build.ts";

describe("the context of an image's build", () => {
  let folder: string;
  beforeEach("an empty folder", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-context-"));
  });
  afterEach("the folder is gone", () => rm(folder, { recursive: true }));

  async function write(...paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await mkdir(join(folder, dirname(path)), { recursive: true });
      await writeFile(join(folder, path), `content of ${path}`);
    }
  }

  /** The names of all entries, in order, as often as they come. */
  async function entries(): Promise<string[]> {
    const names: string[] = [];
    for await (const entry of (await contextOf(folder)).pipe(tar.extract())) {
      names.push(entry.header.name);
      entry.resume();
    }
    return names.toSorted();
  }
  const files = async (): Promise<string[]> => (await entries()).filter((name) => /[A-Z]|^\../.test(name));

  it("has each file of nested folders once", async () => {
    await write("Dockerfile", "src/A.js", "src/deep/B.js", "src/deep/er/C.js");
    expect(await files()).to.deep.equal(["Dockerfile", "src/A.js", "src/deep/B.js", "src/deep/er/C.js"]);
  });

  it("has the folders, each once", async () => {
    await write("Dockerfile", "src/deep/B.js");
    expect(await entries()).to.include.members(["src", "src/deep"]);
    expect(new Set(await entries()).size).to.equal((await entries()).length);
  });

  it("has no node_modules, however deep", async () => {
    await write("Dockerfile", "node_modules/A.js", "web/node_modules/B.js", "web/src/node_modules/c/D.js", "web/E.js");
    expect(await files()).to.deep.equal(["Dockerfile", "web/E.js"]);
  });

  it("leaves out what .dockerignore names, in nested folders too", async () => {
    await write("Dockerfile", "src/A.js", "src/A.log", "src/deep/B.log", "secret/C.js");
    await writeFile(join(folder, ".dockerignore"), "**/*.log\nsecret\n");
    expect(await files()).to.deep.equal([".dockerignore", "Dockerfile", "src/A.js"]);
  });

  it("has what .dockerignore brings back from a folder that it leaves out", async () => {
    await write("Dockerfile", "dist/A.js", "dist/node_modules/B.js", "src/C.js");
    await writeFile(join(folder, ".dockerignore"), "*\n!dist\n!dist/node_modules\n");
    expect(await files()).to.deep.equal([".dockerignore", "Dockerfile", "dist/A.js", "dist/node_modules/B.js"]);
  });

  it("has the Dockerfile even where .dockerignore leaves out everything", async () => {
    await write("Dockerfile", "src/A.js");
    await writeFile(join(folder, ".dockerignore"), "*\n");
    expect(await entries())
      .to.include("Dockerfile")
      .and.not.to.include("src/A.js");
  });

  it("has a link as a link, and not what it leads to", async () => {
    await write("Dockerfile", "src/A.js");
    await symlink("src", join(folder, "Link"));
    expect(await files()).to.deep.equal(["Dockerfile", "Link", "src/A.js"]);
  });
});
