import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { makeProject } from "../unit/command-line.ts";
import type { Ended, Project, Running } from "../unit/command-line.ts";

const GREEN = `it("passes", () => {});\n`;
const RED = `it("fails", () => { throw new Error("no"); });\n`;
/** Services of this process: the stack needs no engine. It takes a moment to stop, as containers do, or for ever. */
const HANGS = `
import { setTimeout } from "node:timers/promises";
import { defineStack, useStack } from "stackspec";
const stop = () => setTimeout(process.env["STOPS_NEVER"] === "1" ? 1e9 : 300).then(() => console.log("stopped"));
const object = () => ({ start: async () => ({ stop }) });
describe("a stack", () => {
  useStack(defineStack("objects", ({ service }) => ({ one: service("one", object) })));
  it("hangs", (done) => { console.log("under way in " + process.pid); }).timeout(0);
});
`;
const KILLED = `it("is killed", () => process.kill(process.pid, "SIGKILL"));\n`;
const NEEDS_ENGINE = `
import { requireEngine } from "stackspec";
describe("an engine", () => { requireEngine(); ${GREEN} });
`;
/** Nothing says so but the factory. */
const STARTS_CONTAINER = `
import { GenericContainer } from "${import.meta.resolve("testcontainers")}";
import { defineStack, useStack } from "stackspec";
const made = () => new GenericContainer("busybox:1").withCommand(["sleep", "100"]);
describe("a container", () => {
  useStack(defineStack("container", ({ service }) => ({ one: service("one", made) })));
  ${GREEN}
});
`;
const TALKS = `
import { useTarget } from "stackspec";
describe("a target", () => { const api = useTarget(); it("talks", () => api.get("/")); });
`;

describe("stackspec test", function () {
  this.timeout(60_000);
  let project: Project | undefined;
  afterEach(() => project?.remove());

  /** Runs all suites of a project of these files. */
  const test = (files: Readonly<Record<string, string>>, environment?: Readonly<Record<string, string>>) => {
    project = makeProject(files);
    return project.run(["test"], environment);
  };
  const totals = ({ output }: Ended): string | undefined => output.trimEnd().split("\n").at(-1);

  for (const [which, files] of Object.entries({
    first: { "specs/a/a.spec.js": RED, "specs/b/b.spec.js": GREEN },
    last: { "specs/a/a.spec.js": GREEN, "specs/b/b.spec.js": RED },
  }))
    it(`is red when only the ${which} suite is`, async () => {
      const ended = await test(files);
      expect([ended.exitCode, totals(ended)]).to.deep.equal([1, "1 passed, 1 failed"]);
    });

  it("ends with the code of the first suite that was not green", async () => {
    const { exitCode } = await test({ "specs/a/a.spec.js": RED, "specs/acceptance/b.spec.js": TALKS });
    expect(exitCode).to.equal(1);
  });

  it("is red when a suite's process is killed", async () => {
    const { exitCode, output } = await test({ "specs/a/a.spec.js": KILLED, "specs/b/b.spec.js": GREEN });
    expect(exitCode, output).to.equal(1);
  });

  it("passes over folders without spec files", async () => {
    const ended = await test({ "specs/unit/deep/a.spec.js": GREEN, "specs/helpers/client.js": "export {};\n" });
    expect([ended.exitCode, totals(ended)]).to.deep.equal([0, "1 passed, 0 failed"]);
  });

  it("leaves no report of a suite, or of a stack, that is gone since the run before, and all others", async () => {
    const stack = (name: string): string => `
      import { defineStack } from "stackspec";
      export default defineStack("${name}", ({ service }) => ({
        target: service("web", () => ({ start: async () => ({ url: "http://127.0.0.1:1", stop: async () => {} }) }), { http: { port: 1 } }),
      }));`;
    // Of the stacks only their names matter: without an engine their runs say so in their reports.
    const environment = { STACKSPEC_ENGINE: "" };
    const files = {
      "specs/old/a.spec.js": RED,
      "specs/unit/a.spec.js": GREEN,
      "specs/acceptance/a.spec.js": GREEN,
      "specs/stacks/one.js": stack("one"),
      "specs/stacks/two.js": stack("two"),
      "reports/coverage.xml": "<coverage/>",
    };
    await test(files, environment);
    const { folder } = project!;
    const reports = (): string[] => readdirSync(join(folder, "reports")).filter((name) => name.endsWith(".xml"));
    expect(reports()).to.have.members([
      "acceptance-one.xml",
      "acceptance-two.xml",
      "coverage.xml",
      "old.xml",
      "unit.xml",
    ]);
    for (const gone of ["specs/old", "specs/stacks/two.js"]) rmSync(join(folder, gone), { recursive: true });
    await project!.run(["test"], environment);
    expect(reports()).to.have.members(["acceptance-one.xml", "coverage.xml", "unit.xml"]);
    expect(readFileSync(join(folder, "reports/index.html"), "utf8")).not.to.include("old/a.spec.js");
  });

  it("is refused where there are no suites", async () => {
    const { exitCode, errors } = await test({ "specs/helpers/client.js": "export {};\n" });
    expect([exitCode, errors]).to.deep.equal([
      2,
      "USAGE: specs: expected folders with spec files (**/*.spec.{ts,mts,cts,js,mjs,cjs}), got none\n",
    ]);
  });

  it("says so when no report can be written, and nothing else", async () => {
    const { exitCode, errors } = await test(
      { "specs/a/a.spec.js": GREEN },
      { JUNIT_REPORT_PATH: "package.json/report.xml" },
    );
    expect(exitCode).to.equal(2);
    expect(errors).to.match(/^USAGE: JUNIT_REPORT_PATH: expected a file that can be written, got "[^\n]*\n$/);
  });

  it("ends a suite that has not begun to listen when it is told to end", async () => {
    project = makeProject({ "specs/a/a.spec.js": HANGS });
    const running = project.start(["test"]);
    await running.shown(/── a/);
    running.process.kill("SIGTERM");
    await expect(running.ended).to.eventually.have.property("exitCode", 143);
  });

  describe("that is told to end", () => {
    let running: Running;
    let pid = 0;
    const begin = async (environment: Readonly<Record<string, string>> = {}): Promise<void> => {
      project = makeProject({ "specs/a/a.spec.js": HANGS, "specs/b/b.spec.js": GREEN });
      running = project.start(["test"], environment);
      pid = Number((await running.shown(/under way in (\d+)/))[1]);
    };
    const endsInGoodOrder = async (exitCode: number): Promise<void> => {
      const ended = await running.ended;
      expect(ended.exitCode, ended.output).to.equal(exitCode);
      expect(ended.output)
        .to.match(/^stopped$/m)
        .and.not.to.include("── b");
      expect(() => process.kill(pid, 0)).to.throw("ESRCH");
    };

    it("passes SIGTERM on to its suite, which ends in good order", async () => {
      await begin();
      running.process.kill("SIGTERM");
      await endsInGoodOrder(143);
    });

    it("lets its suite end in good order when a terminal tells both", async () => {
      await begin();
      process.kill(-running.process.pid!, "SIGINT");
      await endsInGoodOrder(130);
    });

    it("leaves at once when it is told once more, and its suite too", async () => {
      await begin({ STOPS_NEVER: "1" });
      running.process.kill("SIGTERM");
      await running.shown(/stopping and removing everything/);
      running.process.kill("SIGTERM");
      // Its output ends when the suite has ended that writes to it too.
      await expect(running.ended).to.eventually.have.property("exitCode", 143);
    });
  });
});

describe("a run in which there is nothing to run", function () {
  this.timeout(120_000);
  let project: Project;
  before(() => {
    project = makeProject({
      "specs/a/a.spec.js": `${GREEN}it.skip("is skipped", () => {});\n`,
      "specs/a/b.spec.js": `it("is alone", () => {});\n`,
      "specs/b/b.spec.js": GREEN,
      "specs/empty/empty.spec.js": "export {};\n",
    });
  });
  after(() => project.remove());

  for (const words of [
    ["run", "a", "--grep", "nowhere"],
    ["run", "a", "--grep", "nowhere", "--parallel"],
    ["run", "a", "--fgrep", "nowhere"],
    ["run", "a", "specs/a/misspelt.spec.js"],
    ["run", "misspelt"],
    ["run", "empty"],
    ["test", "--grep", "nowhere"],
  ])
    it(`exits with 2, and with 0 when that is said to be well: ${words.join(" ")}`, async () => {
      const { exitCode, errors } = await project.run(words);
      expect([exitCode, errors]).to.deep.equal([2, errors.replace(/^(?!USAGE: .*expected.* got).*/, "")]);
      const well = await project.run([...words, "--pass-with-no-specs"]);
      expect(well.exitCode, well.output).to.equal(0);
    });

  it("says so in its report", async () => {
    await project.run(["run", "a", "--grep", "nowhere"]);
    expect(project.read("reports/a.xml")).to.include("USAGE: specs: expected a spec that matches /nowhere/, got none");
  });

  for (const words of [
    ["run", "a", "--grep", "is skipped"],
    ["run", "a", "--grep", "is alone", "--parallel"],
    ["test", "--grep", "is alone"],
  ])
    it(`is none in which all specs are skipped, or those of one file or suite match: ${words.join(" ")}`, async () => {
      const { exitCode, output } = await project.run(words);
      expect(exitCode, output).to.equal(0);
      expect(project.read("reports/a.xml")).to.include('tests="1" failures="0" errors="0"');
    });
});

describe("a suite in CI", function () {
  this.timeout(60_000);
  let project: Project;
  before(() => {
    project = makeProject({
      "specs/only/a.spec.js": `it.only("passes", () => {});\n${GREEN}`,
      "specs/integration/a.spec.js": NEEDS_ENGINE,
      "specs/container/a.spec.js": STARTS_CONTAINER,
      "specs/acceptance/a.spec.js": TALKS,
      "specs/stacks/release.js": `export default { name: "release", exports: { target: {} }, nodes: [{ options: { image: "node:24" } }] };\n`,
    });
  });
  after(() => project.remove());
  const run = (suite: string, environment: Readonly<Record<string, string>> = {}) =>
    project.run(["run", suite], environment);

  it("refuses .only", async () => {
    const { exitCode, output } = await run("only", { CI: "true" });
    expect(exitCode).to.equal(2);
    expect(output).to.include("USAGE: .only: in CI expected every spec to run, got specs/only/a.spec.js: passes\n");
    expect(project.read("reports/only.xml")).to.include("USAGE: .only: in CI").and.not.to.include('name="passes"');
  });

  it("refuses .only in parallel workers too", async () => {
    const { exitCode, output } = await project.run(["run", "only", "--parallel"], { CI: "true" });
    expect(exitCode, output).to.equal(2);
    expect(project.read("reports/only.xml")).to.include("`.only` is not supported");
  });

  it("is red without an engine", async () => {
    const { exitCode } = await run("integration", { CI: "true" });
    expect(exitCode).to.equal(1);
    expect(project.read("reports/integration.xml")).to.include(
      "ENGINE_UNREACHABLE: engine: STACKSPEC_ENGINE=none — CI=true makes this a failure",
    );
  });

  it("is red without an engine for a container that only its factory names", async () => {
    const { exitCode } = await run("container", { CI: "true" });
    expect(exitCode).to.equal(1);
    expect(project.read("reports/container.xml")).to.include(
      "ENGINE_UNREACHABLE: engine: expected a Docker-compatible",
    );
  });

  it("is red without an engine for its target", async () => {
    const { exitCode, errors } = await run("acceptance", { CI: "true" });
    expect(exitCode).to.equal(1);
    expect(errors).to.match(/^ENGINE_UNREACHABLE: engine: expected a Docker-compatible engine/m);
  });
});

describe("a suite elsewhere", function () {
  this.timeout(60_000);
  let project: Project;
  before(() => {
    project = makeProject({
      "specs/only/a.spec.js": `it.only("passes", () => {});\n${RED}`,
      "specs/integration/a.spec.js": NEEDS_ENGINE,
      "specs/container/a.spec.js": STARTS_CONTAINER,
      "specs/acceptance/a.spec.js": TALKS,
    });
  });
  after(() => project.remove());

  it("may have .only", async () => {
    const { exitCode, output } = await project.run(["run", "only"]);
    expect(exitCode, output).to.equal(0);
    expect(output).to.include("what is marked with .only has run, not the whole suite: specs/only/a.spec.js: passes\n");
  });

  for (const [what, suite] of [
    ["without an engine", "integration"],
    ["without an engine for a container that only its factory names", "container"],
  ] as const)
    it(`is pending ${what}`, async () => {
      const { exitCode } = await project.run(["run", suite]);
      expect([exitCode, project.read(`reports/${suite}.xml`).match(/<skipped\/>/g)?.length]).to.deep.equal([0, 1]);
    });

  for (const [environment, sentence] of [
    [{ STACK: "relase" }, 'USAGE: STACK: expected a file in specs/stacks/, got "relase"'],
    [{ CI: "true" }, "ENGINE_UNREACHABLE: engine: expected a Docker-compatible engine"],
  ] as const)
    it(`says in its report why it never came to its first spec: ${sentence.split(":")[0]}`, async () => {
      await project.run(["run", "acceptance"], environment);
      expect(project.read("reports/acceptance.xml").replaceAll("&quot;", '"')).to.include(`message="${sentence}`);
    });

  it("says in its report that it has no spec files", async () => {
    const { exitCode } = await project.run(["run", "other"]);
    expect(exitCode).to.equal(2);
    expect(project.read("reports/other.xml")).to.include("USAGE: specs/other: expected spec files");
  });
});
