import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { digestOf, digestOfContent } from "../../src/images/digest.ts";

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

  for (const path of ["node_modules", "src/node_modules", ".git", "dist"])
    it(`is the same whatever lies in ${path}`, async () => {
      await mkdir(join(folder, path));
      await writeFile(join(folder, path, "a.js"), "a");
      await expect(digest()).to.eventually.equal(before);
    });

  it("is another with another dist at the top when that is a source", async () => {
    await mkdir(join(folder, "dist"));
    await writeFile(join(folder, "dist/a.js"), "a");
    await expect(digestOf([], [folder], { dist: true })).to.eventually.not.equal(before);
  });

  for (const [change, make] of Object.entries({
    "content changes": () => writeFile(join(folder, "src/main.js"), "Main()"),
    "a file gets another name": () => rename(join(folder, "src/main.js"), join(folder, "src/index.js")),
    "a folder gets another name": () => rename(join(folder, "src"), join(folder, "lib")),
    "a file may be executed": () => chmod(join(folder, "src/main.js"), 0o755),
    "a file is added": () => writeFile(join(folder, "src/more.js"), ""),
    "a file is removed": () => rm(join(folder, "src/main.js")),
    "a folder is added": () => mkdir(join(folder, "src/empty")),
    "a file is added to a folder named dist below the top": async () => {
      await mkdir(join(folder, "src/dist"));
      await writeFile(join(folder, "src/dist/a.js"), "a");
    },
    "a link is added": () => symlink("main.js", join(folder, "src/link.js")),
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

  it("says that what is not there is missing", async () => {
    await expect(digestOf([], [join(folder, "nothing")]))
      .to.be.rejectedWith(join(folder, "nothing"))
      .and.eventually.include({
        code: "FILE_MISSING",
        subject: join(folder, "nothing"),
        hint: "check the path where it is declared",
      });
  });

  it("does not say that it is missing when something else is wrong with it", async () => {
    await expect(digestOf([], [join(folder, "Dockerfile/below")])).to.be.rejected.and.eventually.have.property(
      "code",
      "ENOTDIR",
    );
  });

  it("is another when a file has moved from one path to the next", async () => {
    const paths = [join(folder, "src"), join(folder, "lib")];
    await mkdir(paths[1]!);
    await writeFile(join(folder, "lib/other.js"), "");
    await writeFile(join(folder, "lib/stays.js"), "");
    const first = await digestOf([], paths);
    await rename(join(folder, "lib/other.js"), join(folder, "src/other.js"));
    await expect(digestOf([], paths)).to.eventually.not.equal(first);
  });
});

describe("a digest of all content", () => {
  let folder = "";
  let before = "";
  const digest = () => digestOfContent(folder);

  beforeEach("make a folder", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-digest-"));
    await mkdir(join(folder, "src/dist"), { recursive: true });
    await mkdir(join(folder, "node_modules"));
    await writeFile(join(folder, "src/dist/main.js"), "main()");
    await writeFile(join(folder, "node_modules/a.js"), "a");
    await symlink("main.js", join(folder, "src/dist/link.js"));
    before = await digest();
  });
  afterEach("remove it", () => rm(folder, { recursive: true }));

  it("is the same for the same content elsewhere", async () => {
    const copy = `${folder}-copy`;
    try {
      await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
      await chmod(copy, 0o700);
      await expect(digestOfContent(copy)).to.eventually.equal(before);
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  it("is the same at another time", async () => {
    await utimes(join(folder, "src/dist/main.js"), 0, 0);
    await expect(digest()).to.eventually.equal(before);
  });

  for (const [change, make] of Object.entries({
    "a file in dist changes": () => writeFile(join(folder, "src/dist/main.js"), "Main()"),
    "a file in node_modules changes": () => writeFile(join(folder, "node_modules/a.js"), "b"),
    "a file gets another name": () => rename(join(folder, "node_modules/a.js"), join(folder, "node_modules/b.js")),
    "a file may be read by others": () => chmod(join(folder, "node_modules/a.js"), 0o600),
    "a folder may be read by others": () => chmod(join(folder, "node_modules"), 0o711),
    "an empty folder is added": () => mkdir(join(folder, "empty")),
    "a link points elsewhere": async () => {
      await rm(join(folder, "src/dist/link.js"));
      await symlink("elsewhere.js", join(folder, "src/dist/link.js"));
    },
  }))
    it(`is another when ${change}`, async () => {
      await make();
      await expect(digest()).to.eventually.not.equal(before);
    });

  it("ends where a link leads back", async () => {
    await symlink("..", join(folder, "src/loop"));
    await expect(digest()).to.eventually.not.equal(before);
  });

  it("is that of what a link given to it points at", async () => {
    const link = join(folder, "link");
    await symlink(join(folder, "src"), link);
    await expect(digestOfContent(link)).to.eventually.equal(await digestOfContent(join(folder, "src")));
  });

  it("is refused for a socket", async () => {
    const server = createServer().listen(join(folder, "socket"));
    await once(server, "listening");
    try {
      await expect(digest()).to.be.rejectedWith("socket is neither a file, a folder nor a link");
    } finally {
      server.close();
    }
  });

  it("is refused for more files than are read", async () => {
    await expect(digestOfContent(folder, { entries: 6, bytes: Infinity })).to.be.rejectedWith("more than 6 files");
  });

  it("is there for as many files as are read", async () => {
    await expect(digestOfContent(folder, { entries: 7, bytes: Infinity })).to.eventually.equal(before);
  });

  it("is there for as many bytes as are read", async () => {
    const file = join(folder, "node_modules/a.js");
    await expect(digestOfContent(file, { entries: 1, bytes: 1 })).to.eventually.equal(await digestOfContent(file));
    await expect(digestOfContent(file, { entries: 1, bytes: 0 })).to.be.rejectedWith("or 0 MiB");
  });

  it("is refused for more bytes than are read", async () => {
    await writeFile(join(folder, "big"), Buffer.alloc(1024 ** 2));
    await expect(digestOfContent(folder, { entries: 100, bytes: 1024 ** 2 })).to.be.rejectedWith("or 1 MiB");
  });
});
