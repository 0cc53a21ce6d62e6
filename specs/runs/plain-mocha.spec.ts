import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { makePackedProject } from "../packed.ts";
import type { PackedProject, Running } from "../packed.ts";

const body = (told: string): string => `
const object = () => ({ start: async () => ({ stop: async () => console.log("stopped") }) });
const objects = defineStack("objects", ({ service }) => ({ one: service("one", object) }));
describe("a stack", () => {
  const stack = useStack(objects);
  it("is there", () => { expect(stack.one${told}).to.be.an("object"); });
  it("fails", () => { throw new Error("no"); });
});
`;
const ESM = `import { expect } from "chai";\nimport { defineStack, useStack } from "stackspec";\n`;
const CJS = `const { expect } = require("chai");\nconst { defineStack, useStack } = require("stackspec");\n`;
/** The same specs in each kind of module. */
const SPECS = {
  "a.spec.mjs": ESM + body(""),
  "a.spec.cjs": CJS + body(""),
  "a.spec.mts": ESM + body(" as object"),
  "a.spec.cts": CJS + body(" as object"),
};

describe("mocha by itself, told to require stackspec/mocha", function () {
  this.timeout(120_000);
  let project: PackedProject;
  before(async () => {
    project = await makePackedProject({
      ...SPECS,
      "only.spec.mjs": `it.only("runs", () => {});\nit("does not", () => {});\n`,
    });
  });
  after(() => project.remove());

  const mocha = (words: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    project.run("mocha", ["--require", "stackspec/mocha", ...words], { STACKSPEC_ENGINE: "none", ...environment });
  const report = (): string => readFileSync(join(project.folder, "reports/specs.xml"), "utf8");

  for (const file of Object.keys(SPECS))
    it(`runs ${file}, stops its stack, reports, and ends by itself`, async () => {
      const { exitCode, output } = await mocha([file]);
      expect(exitCode, output).to.equal(1);
      expect(output).to.match(/^stopped$/m);
      expect(report()).to.include(`file="${file}"`).and.include('tests="2" failures="1"');
    });

  /** `mocha --watch`, which has run this file once and was then told to run it again, with another title in it. */
  const watch = async (path: string): Promise<Running> => {
    const text = SPECS[path as keyof typeof SPECS];
    const file = `watched-${path}`;
    project.write({ [file]: text });
    const words = ["--require", "stackspec/mocha", "--watch", "--watch-files", file, file];
    const running = project.start("mocha", words, { STACKSPEC_ENGINE: "none" });
    await running.shown(/waiting for changes/);
    project.write({ [file]: text.replace("is there", "is there again") });
    await running.shown(/waiting for changes[^]*waiting for changes/);
    return running;
  };

  for (const file of ["a.spec.cjs", "a.spec.cts"])
    it(`runs ${file} again with --watch when it was edited, and ends with Ctrl-C`, async () => {
      const running = await watch(file);
      running.process.kill("SIGINT");
      const { output } = await running.ended;
      expect(output.match(/^stopped$/gm), output).to.have.lengthOf(2);
      expect(output).to.include("is there again");
      expect(report()).to.include("is there again").and.include('tests="2" failures="1"');
    });

  it("says with --watch that mocha does not load an ES module again", async () => {
    const running = await watch("a.spec.mjs");
    running.process.kill("SIGINT");
    const { output } = await running.ended;
    expect(output).to.match(/mocha's --watch loads an ES module once only — stackspec watch does so again$/m);
  });

  it("is told so by mocha's own config file too, which editors read", async () => {
    project.write({
      "configured/.mocharc.yml": "require: stackspec/mocha\n",
      "configured/a.spec.mjs": SPECS["a.spec.mjs"],
    });
    const { output } = await project.run("sh", ["-c", "cd configured && mocha a.spec.mjs"]);
    expect(output).to.match(/^stopped$/m);
    expect(readFileSync(join(project.folder, "configured/reports/specs.xml"), "utf8")).to.include('failures="1"');
  });

  it("runs in parallel", async () => {
    const { output } = await mocha(["--parallel", "--jobs", "2", ...Object.keys(SPECS)]);
    expect(output.match(/^stopped$/gm), output).to.have.lengthOf(4);
    expect(report()).to.include('tests="8" failures="4"');
  });

  it("runs what --grep chooses", async () => {
    const { exitCode, output } = await mocha(["--grep", "is there", "a.spec.mjs"]);
    expect([exitCode, report().match(/<testcase/g)], output).to.deep.equal([0, ["<testcase"]]);
  });

  it("runs what .only marks", async () => {
    const { exitCode, output } = await mocha(["only.spec.mjs"]);
    expect(exitCode, output).to.equal(0);
    expect(output).to.include("Only what is marked with .only has run");
  });

  it("keeps a reporter that somebody has chosen, and stops the stack", async () => {
    const { output } = await mocha(["--reporter", "dot", "a.spec.mjs"]);
    expect(output)
      .to.match(/stopped$/m)
      .and.not.to.include("is there");
  });

  it("refuses a config file in one line", async () => {
    project.write({
      "bad/stackspec.config.mjs": "export default { engin: 1 };\n",
      "bad/a.spec.mjs": SPECS["a.spec.mjs"],
    });
    const { exitCode, errors } = await project.run("sh", [
      "-c",
      "cd bad && mocha --require stackspec/mocha a.spec.mjs",
    ]);
    expect(errors).to.match(/^USAGE: stackspec\.config\.mjs: expected one of [^\n]*\n$/);
    expect(exitCode).to.equal(2);
    expect(existsSync(join(project.folder, "bad/reports"))).to.equal(false);
  });
});
