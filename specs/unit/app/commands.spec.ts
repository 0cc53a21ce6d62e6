import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { run } from "./process.ts";

describe("a command of the app", function () {
  // Processes start slowly on a busy machine.
  this.timeout(30_000);

  for (const args of [[], ["bogus"], ["toString"], ["serve", "now"]]) {
    it(`exits 2 with one line on how to use it for: ${args.join(" ") || "nothing"}`, async () => {
      const { code, stderr } = await run(args);
      const got = args.join(" ") || "nothing";
      expect({ code, stderr }).to.deep.equal({
        code: 2,
        stderr: `todobackend: usage: main.js serve|migrate|collectstatic, got: ${got}\n`,
      });
    });
  }

  it("exits 2 with one line about a bad setting", async () => {
    const { code, stderr } = await run(["serve"], { PORT: "http" });
    expect({ code, stderr }).to.deep.equal({
      code: 2,
      stderr: 'todobackend: PORT: expected an integer from 0 to 65535, got "http"\n',
    });
  });

  it("exits 1 with one line when migrate cannot connect", async () => {
    const env = {
      MYSQL_HOST: "127.0.0.1",
      MYSQL_PORT: "1",
      MYSQL_DATABASE: "d",
      MYSQL_USER: "u",
      MYSQL_PASSWORD: "s3cret",
    };
    const { code, stderr } = await run(["migrate"], env);
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr: "todobackend: cannot connect to MySQL at 127.0.0.1:1 as u: connect ECONNREFUSED 127.0.0.1:1\n",
    });
  });

  it("says what is missing when collectstatic does not know where to", async () => {
    const { code, stderr } = await run(["collectstatic"]);
    expect({ code, stderr }).to.deep.equal({
      code: 2,
      stderr: "todobackend: STATIC_ROOT: expected a folder to copy to, got nothing\n",
    });
  });

  describe("that collects static files", () => {
    let root: string;
    beforeEach(async () => {
      root = await mkdtemp(join(tmpdir(), "todobackend-"));
    });
    afterEach(() => rm(root, { recursive: true }));

    it("puts them beside a folder for media, as often as one likes", async () => {
      const first = await run(["collectstatic"], { STATIC_ROOT: root });
      const second = await run(["collectstatic"], { STATIC_ROOT: root });
      expect([first.code, second.code, first.lines[0]?.files, second.lines[0]?.files]).to.deep.equal([0, 0, 4, 4]);
      expect(await readdir(root, { recursive: true })).to.have.members([
        "media",
        "static",
        "static/client",
        "static/client/client.css",
        "static/client/index.html",
        "static/logo.svg",
        "static/todobackend.css",
      ]);
    });

    it("puts them in the place of older ones", async () => {
      await mkdir(join(root, "static"));
      await writeFile(join(root, "static/todobackend.css"), "old");
      await run(["collectstatic"], { STATIC_ROOT: root });
      expect(await readFile(join(root, "static/todobackend.css"), "utf8")).not.to.equal("old");
    });

    it("exits 1 with one line when it cannot write there", async () => {
      await writeFile(join(root, "static"), "a file");
      const { code, stderr } = await run(["collectstatic"], { STATIC_ROOT: root });
      expect(code).to.equal(1);
      expect(stderr)
        .to.match(/^todobackend: cannot copy the static files to [^\n]*\n$/)
        .and.to.contain(root);
    });
  });
});
