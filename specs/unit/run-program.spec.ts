import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "chai";
import type { ProgramFailure } from "../../src/images/run-program.ts";
import { runProgram } from "../../src/images/run-program.ts";
import { readRevision } from "../../src/pipeline/git.ts";

const MANY = 2 * 1024 ** 2;
const run = (code: string, isRead = false) => runProgram(process.execPath, ["-e", code], { isRead });
const failureOf = (code: string) => run(code).then(expect.fail, (error: unknown) => error as ProgramFailure);

describe("a program", function () {
  this.timeout(30_000);

  it("that prints two megabytes succeeds, and the end of them is kept", async () => {
    const output = await run(
      `console.log("x".repeat(${MANY})); console.error("y".repeat(${MANY})); console.log("end")`,
    );
    expect(output)
      .to.match(/^x+\nend\n$/)
      .and.to.have.lengthOf(64 * 1024);
  });

  it("that is read gives all that it prints", async () => {
    expect(await run(`console.log("x".repeat(${MANY}))`, true)).to.have.lengthOf(MANY + 1);
  });

  it("that fails gives the end of what it has printed", async () => {
    const failure = await failureOf(
      `console.log("out"); console.error("y".repeat(${MANY}) + "end"); process.exitCode = 3`,
    );
    expect(failure.message).to.match(/was ended by itself, with exit code 3$/);
    expect(failure.stdout).to.equal("out\n");
    expect(failure.stderr)
      .to.match(/^y+end\n$/)
      .and.to.have.lengthOf(64 * 1024);
  });

  it("that a signal ends fails, and says which", async () => {
    expect((await failureOf("process.kill(process.pid)")).message).to.match(/was ended by SIGTERM$/);
  });

  it("that is not there fails", async () => {
    const failure = await runProgram("no-such-program", []).then(expect.fail, (error: unknown) => error);
    expect(failure).to.deep.include({ code: "ENOENT", stdout: "", stderr: "" });
  });

  it("is ended by the signal that it is given", async () => {
    const abort = new AbortController();
    const running = runProgram(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { signal: abort.signal });
    abort.abort();
    expect(await running.catch((error: unknown) => error)).to.have.property("name", "AbortError");
  });
});

describe("the git revision of a tree", function () {
  this.timeout(30_000);
  const { PATH } = process.env;
  let folder: string;
  before("git finds two megabytes of files that are not committed", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-git-"));
    const git = join(folder, "git");
    await writeFile(git, `#!/bin/sh\ncase "$1" in status) yes '?? a-file' | head -n 200000;; *) echo main;; esac\n`);
    await chmod(git, 0o755);
    process.env["PATH"] = `${folder}${delimiter}${PATH}`;
  });
  after(async () => {
    process.env["PATH"] = PATH;
    await rm(folder, { recursive: true });
  });

  it("has each of them", async () => {
    const { dirty } = await readRevision(undefined);
    expect(dirty).to.have.lengthOf(200_000);
    expect(new Set(dirty)).to.deep.equal(new Set(["a-file"]));
  });
});
