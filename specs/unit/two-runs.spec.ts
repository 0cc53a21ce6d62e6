import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { lockFile } from "../../src/engine/docker/lock.ts";
import { claimLogFolder } from "../../src/engine/run/log-folder.ts";
import { makeProject } from "./command-line.ts";
import type { Project, Running } from "./command-line.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

/** A folder for each spec of a suite, as a function because it is another for each. */
function useFolder(): () => string {
  let folder = "";
  beforeEach("make a folder", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-lock-"));
  });
  afterEach("remove it", () => rm(folder, { recursive: true }));
  return () => folder;
}

describe("two runs in one checkout", function () {
  // However busy this machine is.
  this.timeout(120_000);
  let project: Project;
  let first: Running;
  const hangs = `it("hangs", (done) => { console.log("under way"); }).timeout(0);\n`;
  const green = `it("passes", () => {});\n`;
  /** Runs another file with the same report. */
  const nested = `import { execFileSync } from "node:child_process";
    const words = [${JSON.stringify(main)}, "run", "c", "specs/b/b.spec.js"];
    it("runs", () => { execFileSync(process.execPath, ["-C", "development", ...words]); }).timeout(0);\n`;
  const begin = async (words: readonly string[]): Promise<void> => {
    first = project.start(words);
    await first.shown(/under way/);
  };
  beforeEach(() => {
    project = makeProject({ "specs/a/a.spec.js": hangs, "specs/b/b.spec.js": green, "specs/c/c.spec.js": nested });
  });
  afterEach(() => project.remove());

  it("do not write the same report: the second is refused, and is told who writes it", async () => {
    await begin(["run", "a"]);
    const { exitCode, errors } = await project.run(["run", "a"]);
    expect([exitCode, errors]).to.deep.equal([
      2,
      `USAGE: reports/a.xml: expected a report that no other run writes, but process ${first.process.pid} does: wait until it has ended, or set JUNIT_REPORT_PATH to another place\n`,
    ]);
    expect(project.read("reports/a.xml")).to.include('name="hangs"').and.not.to.include("reaches its first spec");
  });

  it("are welcome when the second has a report of its own", async () => {
    await begin(["run", "a"]);
    const second = await project.run(["run", "a", "specs/b/b.spec.js"], { JUNIT_REPORT_PATH: "reports/other.xml" });
    expect(second.exitCode, second.output).to.equal(0);
    expect(project.read("reports/other.xml")).to.include('tests="1" failures="0" errors="0"');
  });

  it("are welcome when they are of two suites", async () => {
    await begin(["run", "a"]);
    const { exitCode, output } = await project.run(["run", "b"]);
    expect(exitCode, output).to.equal(0);
  });

  it("are all of the suites when one runs all: also of one that it has not come to", async () => {
    await begin(["test"]);
    const { exitCode, errors } = await project.run(["run", "b"]);
    expect(exitCode).to.equal(2);
    expect(errors).to.include(`reports/b.xml: expected a report that no other run writes, but process`);
  });

  it("are one when a spec of the first starts the second", async () => {
    const { exitCode, output } = await project.run(["run", "c"]);
    expect(exitCode, output).to.equal(0);
  });

  it("do not wait for one that was killed", async () => {
    await begin(["run", "a"]);
    first.process.kill("SIGKILL");
    await first.ended;
    const { exitCode, output } = await project.run(["run", "a", "specs/b/b.spec.js"]);
    expect(exitCode, output).to.equal(0);
  });

  it("leave the report alone behind them", async () => {
    await project.run(["run", "b"]);
    expect(project.list("reports")).to.deep.equal(["b.ctrf.json", "b.xml", "index.html"]);
  });
});

describe("two pipelines in one checkout", function () {
  this.timeout(60_000);
  let project: Project;
  beforeEach(() => {
    const pipeline = `import { definePipeline } from "stackspec/pipeline";
      export default definePipeline("shop", (pipeline) => { pipeline.test("test", { sources: ["src"] }, () => {}); });\n`;
    project = makeProject({ "specs/pipelines/shop.js": pipeline });
  });
  afterEach(() => project.remove());

  it("do not write the same artefact: the second is refused, and is told who writes it", async () => {
    const first = lockFile(project.path("target/.lock"));
    const { exitCode, errors } = await project.run(["pipeline"]);
    expect([exitCode, errors]).to.deep.equal([
      2,
      `USAGE: target/: expected a folder that no other pipeline writes to, but process ${process.pid} does: wait until it has ended\n`,
    ]);
    if (first.isOurs) first.release();
    expect((await project.run(["pipeline"])).errors).to.include("ENGINE_UNREACHABLE");
  });
});

describe("a lock", function () {
  this.timeout(120_000);
  const folder = useFolder();

  it("is one process's at a time, also when others take the file away", async () => {
    const fixture = join(import.meta.dirname, "fixtures/locks.ts");
    const run = promisify(execFile);
    const others = Array.from({ length: 4 }, () => run(process.execPath, [fixture, join(folder(), "lock"), "100"]));
    await Promise.all(others);
    expect(await readdir(folder())).to.deep.equal([]);
  });

  it("may be released twice, though another has it by then", () => {
    const [file, other] = [join(folder(), "lock"), lockFile(join(folder(), "lock"))];
    if (!other.isOurs) throw new Error("expected nobody to have it");
    other.release();
    const next = lockFile(file);
    other.release();
    expect([next.isOurs, lockFile(file).isOurs]).to.deep.equal([true, false]);
    if (next.isOurs) next.release();
  });

  it("says so where no file can be made", () => {
    expect(() => lockFile(join(import.meta.filename, "lock"))).to.throw(/ENOTDIR|EEXIST/);
  });
});

describe("the folder of a stack's logs", () => {
  const folder = useFolder();

  it("has the stack's name", () => {
    const { name, release } = claimLogFolder(folder(), "shop", "1a2b3c4d");
    release();
    expect(name).to.equal("shop");
  });

  it("is another while somebody else writes there, and only then", () => {
    const first = claimLogFolder(folder(), "shop", "1a2b3c4d");
    const second = claimLogFolder(folder(), "shop", "5e6f7a8b");
    first.release();
    const third = claimLogFolder(folder(), "shop", "9c0d1e2f");
    third.release();
    expect([first, second, third].map(({ name }) => name)).to.deep.equal(["shop", "shop-5e6f7a8b", "shop"]);
  });

  it("goes a day after such a run, and nothing else does", async () => {
    const old = new Date(Date.now() - 25 * 3_600_000);
    for (const name of ["shop", "shop-2", "shop-5e6f7a8b", "shop-5e6f7a8bc", "other-5e6f7a8b"]) {
      mkdirSync(join(folder(), name));
      await utimes(join(folder(), name), old, old);
    }
    mkdirSync(join(folder(), "shop-00000000"));
    claimLogFolder(folder(), "shop", "1a2b3c4d").release();
    expect((await readdir(folder())).toSorted()).to.deep.equal([
      "other-5e6f7a8b",
      "shop",
      "shop-00000000",
      "shop-2",
      "shop-5e6f7a8bc",
    ]);
  });

  it("is the one of its name where no lock can be made", () => {
    expect(claimLogFolder(join(import.meta.filename, "logs"), "shop", "1a2b3c4d").name).to.equal("shop");
  });
});
