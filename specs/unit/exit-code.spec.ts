import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { nullDevice } from "./device.ts";
import { complaintsAbout, runFixtures, runMocha } from "./junit.ts";
import type { Run } from "./junit.ts";

describe("a red run is never green", function () {
  // However busy this machine is.
  this.timeout(120_000);

  describe("when a spec calls process.exit(0)", () => {
    let run: Run;
    before("it has run", async () => {
      run = await runFixtures(["exits"]);
    });

    it("exits with 1", () => {
      expect(run.ended, run.terminal).to.equal(1);
    });

    it("says why on the terminal", () => {
      expect(run.terminal).to.include("The run was ended before its last spec: its exit code is 1, not 0");
    });

    it("has the specs that it did not come to as errors in its report", () => {
      expect(run.report.testsuite.map(({ errors }) => errors)).to.deep.equal(["2"]);
    });
  });

  describe("whatever is thrown", () => {
    let run: Run;
    before("it has run", async () => {
      run = await runFixtures(["odd"]);
    });

    it("exits with 1", () => {
      expect(run.ended, run.terminal).to.equal(1);
    });

    it("has a failure for each spec that threw, and goes on with the next", () => {
      const cases = run.report.testsuite.flatMap(({ testcase }) => testcase);
      expect(cases.filter(({ failure }) => failure === undefined).map(({ name }) => name)).to.deep.equal([
        "and then a spec that passes",
      ]);
      expect(cases).to.have.lengthOf(15);
    });

    it("has a report that any reader accepts", async () => {
      expect(await complaintsAbout(run.xml)).to.deep.equal([]);
    });
  });

  it("exits with 1 when a spec makes lists of stack traces", async () => {
    const { ended, report } = await runFixtures(["prepares"]);
    expect({ ended, failures: report.failures }).to.deep.equal({ ended: 1, failures: "1" });
  });

  it("exits with 0 when all is well", async () => {
    expect(await runFixtures(["green"])).to.have.property("ended", 0);
  });
});

for (const [how, words] of [
  ["in one process", []],
  ["in parallel workers", ["--parallel", "--jobs", "2"]],
] as const)
  describe(`a run ${how}`, function () {
    this.timeout(120_000);

    it("exits with 2 when it fails for bad input alone", async () => {
      expect(await runFixtures(["refused", "green"], { words })).to.have.property("ended", 2);
    });

    it("exits with 1 when a spec's own error begins with the name of our code", async () => {
      expect(await runFixtures(["says-usage", "green"], { words })).to.have.property("ended", 1);
    });

    it("exits with 1 when bad input is not all that it fails for", async () => {
      expect(await runFixtures(["refused", "says-usage"], { words })).to.have.property("ended", 1);
    });
  });

describe("a report that goes", function () {
  this.timeout(120_000);
  let folder = "";
  before("make a folder", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-report-"));
  });
  after("remove it", () => rm(folder, { recursive: true }));

  it("to a null device leaves that as it is", async () => {
    const device = nullDevice(folder);
    expect(await runMocha(["green"], device)).to.have.property("ended", 0);
    expect(await readFile(device, "utf8")).to.equal("");
  });

  it("through a symbolic link is written to the file that the link leads to", async () => {
    const [file, link] = [join(folder, "file.xml"), join(folder, "link.xml")];
    await writeFile(file, "");
    await symlink(file, link);
    expect(await runMocha(["green"], link)).to.have.property("ended", 0);
    expect(await readFile(file, "utf8")).to.include("<testsuites");
  });

  it("into a pipe is written there once, when it is whole", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const [xml, { ended }] = await Promise.all([readFile(pipe, "utf8"), runMocha(["green"], pipe)]);
    expect({ ended, reports: xml.split("<testsuites ").length - 1 }).to.deep.equal({ ended: 0, reports: 1 });
  });
});
