import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { listSuites, specFiles } from "../../src/cli/suites.ts";
import { planSuites } from "../../src/cli/test-command.ts";
import { readConfig } from "../../src/config/config.ts";

describe("the suites of a project", () => {
  const home = process.cwd();
  let folder = "";

  /** Goes to a project that has these files under `specs/`. */
  async function project(...files: readonly string[]): Promise<void> {
    folder = await mkdtemp(join(tmpdir(), "stackspec-suites-"));
    for (const file of files) {
      await mkdir(dirname(join(folder, "specs", file)), { recursive: true });
      await writeFile(join(folder, "specs", file), "");
    }
    process.chdir(folder);
  }
  afterEach("go home", async () => {
    process.chdir(home);
    await rm(folder, { recursive: true, force: true });
  });

  it("are the folders that have spec files, however deep", async () => {
    await project("unit/deep/a.spec.ts", "helpers/client.ts", "stacks/release.ts", "alone.spec.ts");
    await expect(listSuites()).to.eventually.deep.equal(["unit"]);
  });

  it("run in an order: cheap ones first, acceptance last", async () => {
    const names = ["acceptance", "zoo", "unit", "other", "integration", "checks"];
    await project(...names.map((name) => `${name}/a.spec.js`));
    await expect(listSuites()).to.eventually.deep.equal([
      "checks",
      "unit",
      "other",
      "zoo",
      "integration",
      "acceptance",
    ]);
  });

  it("have spec files in TypeScript and JavaScript, in the order of their names", async () => {
    await project("unit/b.spec.js", "unit/a/z.spec.ts", "unit/a.ts", "unit/README.md");
    await expect(specFiles("unit")).to.eventually.deep.equal(["specs/unit/a/z.spec.ts", "specs/unit/b.spec.js"]);
  });

  it("are none where there is no folder", async () => {
    await project();
    await expect(listSuites()).to.be.rejectedWith("USAGE: specs: expected folders with spec files");
    await expect(specFiles("unit")).to.be.rejectedWith("USAGE: specs/unit: expected spec files");
  });

  const planned = async (environment: NodeJS.ProcessEnv = {}) =>
    (await planSuites(readConfig(environment))).map(({ name, report }) => [name, report]);

  it("are run once each, the acceptance specs once for each stack", async () => {
    await project("unit/a.spec.js", "acceptance/a.spec.js", "stacks/embedded.js", "stacks/release.js");
    await expect(planned()).to.eventually.deep.equal([
      ["unit", "reports/unit.xml"],
      ["acceptance-embedded", "reports/acceptance-embedded.xml"],
      ["acceptance-release", "reports/acceptance-release.xml"],
    ]);
  });

  for (const environment of [{ STACK: "release" }, { URL: "http://todo.example/" }, { STACKSPEC_ENGINE: "none" }])
    it(`are run once each with ${Object.entries(environment).join().replace(",", "=")}`, async () => {
      await project("acceptance/a.spec.js", "stacks/embedded.js", "stacks/release.js");
      await expect(planned(environment)).to.eventually.deep.equal([["acceptance", "reports/acceptance.xml"]]);
    });

  it("include the acceptance specs when there is no stack, for them to say so", async () => {
    await project("acceptance/a.spec.js");
    await expect(planned()).to.eventually.deep.equal([["acceptance", "reports/acceptance.xml"]]);
  });

  it("have a report each, also when one file is named for all", async () => {
    await project("unit/a.spec.js", "checks/a.spec.js");
    await expect(planned({ JUNIT_REPORT_PATH: "out/ci.xml" })).to.eventually.deep.equal([
      ["checks", "out/ci-checks.xml"],
      ["unit", "out/ci-unit.xml"],
    ]);
  });
});
