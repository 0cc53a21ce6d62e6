import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { listSuites, specFiles, targetSuite } from "../../src/cli/suites.ts";
import { planSuites } from "../../src/cli/test-command.ts";
import { readConfig } from "../../src/config/config.ts";
import type { Config } from "../../src/config/config.ts";
import type { ProjectConfig } from "../../src/config/project-config.ts";

/** What a project says that has this config file. */
const told = (exported: ProjectConfig = {}, environment: NodeJS.ProcessEnv = {}) =>
  readConfig(environment, { path: "stackspec.config.ts", exported });

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
    await expect(listSuites(told())).to.eventually.deep.equal(["unit"]);
  });

  it("run in an order: cheap ones first, acceptance last", async () => {
    const names = ["acceptance", "zoo", "unit", "other", "integration", "checks"];
    await project(...names.map((name) => `${name}/a.spec.js`));
    await expect(listSuites(told())).to.eventually.deep.equal([
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
    await expect(specFiles(told(), "unit")).to.eventually.deep.equal([
      "specs/unit/a/z.spec.ts",
      "specs/unit/b.spec.js",
    ]);
  });

  it("are none where there is no folder", async () => {
    await project();
    await expect(listSuites(told())).to.be.rejectedWith("USAGE: specs: expected folders with spec files");
    await expect(specFiles(told(), "unit")).to.be.rejectedWith("USAGE: specs/unit: expected spec files");
  });

  const planOf = async (config: Config, note?: (line: string) => void) =>
    planSuites(config, await listSuites(config), note);
  const planned = async (environment: NodeJS.ProcessEnv = {}, said: ProjectConfig = {}) =>
    (await planOf(told(said, environment))).map(({ name, report }) => [name, report]);

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

  describe("of which not every stack exports a target", () => {
    const stack = (exported: string) => `export default { nodes: [], exports: { ${exported} } };`;
    const declare = async (stacks: Readonly<Record<string, string>>): Promise<void> => {
      await project("acceptance/a.spec.js", ...Object.keys(stacks).map((name) => `stacks/${name}.mjs`));
      for (const [name, text] of Object.entries(stacks)) await writeFile(`specs/stacks/${name}.mjs`, text);
    };

    it("run acceptance specs on those that do, and on those that cannot be loaded, which say why", async () => {
      await declare({ db: stack("db: {}"), release: stack("target: {}"), torn: "export default {" });
      const said: string[] = [];
      const plans = await planOf(told(), (line) => said.push(line));
      expect(plans.map(({ name }) => name)).to.deep.equal(["acceptance-release", "acceptance-torn"]);
      expect(said).to.deep.equal(["No acceptance specs run on db: no target is exported there"]);
    });

    it("run acceptance specs on one that the config file names, which says that it has none", async () => {
      await declare({ db: stack("db: {}"), release: stack("target: {}") });
      await expect(planned({}, { suites: { acceptance: { stacks: ["db"] } } })).to.eventually.deep.equal([
        ["acceptance-db", "reports/acceptance-db.xml"],
      ]);
    });
  });

  it("include the acceptance specs when there is no stack, for them to say so", async () => {
    await project("acceptance/a.spec.js");
    await expect(planned()).to.eventually.deep.equal([["acceptance", "reports/acceptance.xml"]]);
  });

  it("are run in the order of what they need, then as the config file names them", async () => {
    await project(...["a", "b", "c", "d", "e"].map((name) => `${name}/a.spec.js`));
    const suites: ProjectConfig["suites"] = { d: { needs: "target" }, c: { needs: "engine" }, b: {}, a: {} };
    await expect(listSuites(told({ suites }))).to.eventually.deep.equal(["b", "a", "e", "c", "d"]);
  });

  it("are refused where the config file names one that has no spec files", async () => {
    await project("unit/a.spec.js");
    await expect(listSuites(told({ suites: { unti: {} } }))).to.be.rejectedWith(
      'USAGE: suites: expected one of unit, got "unti", which has no spec files',
    );
  });

  it("are found in the folder that the config file names", async () => {
    await project("more/unit/a.spec.js");
    await expect(listSuites(told({ specs: "specs/more" }))).to.eventually.deep.equal(["unit"]);
  });

  it("are run by stackspec test unless the config file says otherwise", async () => {
    await project("unit/a.spec.js", "long/a.spec.js");
    await expect(planned({}, { suites: { long: { test: false } } })).to.eventually.deep.equal([
      ["unit", "reports/unit.xml"],
    ]);
  });

  it("are run against the stacks that the config file names", async () => {
    await project("e2e/a.spec.js", "stacks/a.js", "stacks/b.js", "stacks/c.js");
    const suites: ProjectConfig["suites"] = { e2e: { needs: "target", stacks: ["c", "a"] } };
    await expect(planned({}, { suites })).to.eventually.deep.equal([
      ["e2e-c", "reports/e2e-c.xml"],
      ["e2e-a", "reports/e2e-a.xml"],
    ]);
  });

  it("have their reports in the folder that the config file names", async () => {
    await project("unit/a.spec.js");
    await expect(planned({}, { reports: "out" })).to.eventually.deep.equal([["unit", "out/unit.xml"]]);
  });

  it("include one that stackspec start runs: the first that needs a target, else acceptance", () => {
    expect(targetSuite(told())).to.equal("acceptance");
    expect(targetSuite(told({ suites: { unit: {}, e2e: { needs: "target" } } }))).to.equal("e2e");
  });

  it("have a report each, also when one file is named for all", async () => {
    await project("unit/a.spec.js", "checks/a.spec.js");
    await expect(planned({ JUNIT_REPORT_PATH: "out/ci.xml" })).to.eventually.deep.equal([
      ["checks", "out/ci-checks.xml"],
      ["unit", "out/ci-unit.xml"],
    ]);
  });
});
