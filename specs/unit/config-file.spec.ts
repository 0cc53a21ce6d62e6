import { expect } from "chai";
import { readConfig } from "../../src/config/config.ts";
import { makeProject } from "./command-line.ts";
import type { Project } from "./command-line.ts";

const GREEN = `it("passes", () => {});\n`;

/** Config files that cannot be taken, and what is said of them. */
const WRONG: readonly [what: string, files: Readonly<Record<string, string>>, sentence: string][] = [
  [
    "throws",
    { "stackspec.config.ts": `\nconst port: number = 80;\nthrow new RangeError("no such port: " + port);\n` },
    "stackspec.config.ts:3: expected a file that can be loaded, got RangeError: no such port: 80",
  ],
  [
    "has a syntax error",
    { "stackspec.config.mjs": "export default {\n  engine: auto auto\n};\n" },
    "stackspec.config.mjs:2: expected a file that can be loaded, got SyntaxError: Unexpected identifier 'auto'",
  ],
  [
    "has a syntax error in TypeScript",
    { "stackspec.config.ts": "export default {\n  engine: auto auto\n};\n" },
    "stackspec.config.ts:2: expected a file that can be loaded, got SyntaxError: ",
  ],
  [
    "imports what is not there",
    { "stackspec.config.js": 'import "./missing.js";\n' },
    "stackspec.config.js: expected a file that can be loaded, got Error: Cannot find module ",
  ],
  [
    "awaits something",
    { "stackspec.config.js": "await 1;\nexport default {};\n" },
    "stackspec.config.js: expected a file that can be loaded, got Error: ",
  ],
  [
    "exports nothing",
    { "stackspec.config.js": "export const engine = 1;\n" },
    "stackspec.config.js: expected a default export made by defineConfig",
  ],
  [
    "has a key that is not known",
    { "stackspec.config.js": "export default { engin: 'none' };\n" },
    "stackspec.config.js: expected one of specs, ",
  ],
  [
    "has a value of a wrong type",
    { "stackspec.config.js": "export default { startTimeoutMs: '5 s' };\n" },
    'stackspec.config.js: startTimeoutMs: expected a whole number of milliseconds, got "5 s"',
  ],
  [
    "is not the only one",
    { "stackspec.config.js": "export default {};\n", "stackspec.config.ts": "export default {};\n" },
    "stackspec.config: expected one file, got stackspec.config.ts and stackspec.config.js",
  ],
];

describe("a config file", function () {
  this.timeout(60_000);
  const home = process.cwd();
  let project: Project;
  const go = (files: Readonly<Record<string, string>>): void => {
    project = makeProject(files);
    process.chdir(project.folder);
  };
  afterEach("go home", () => {
    process.chdir(home);
    project.remove();
  });

  for (const [what, files, sentence] of WRONG)
    it(`that ${what} is refused in one line`, () => {
      go(files);
      expect(() => readConfig({}))
        .to.throw(`USAGE: ${sentence}`)
        .with.property("message")
        .that.satisfies((message: string) => !message.includes("\n"));
    });

  for (const [name, text] of Object.entries({
    "stackspec.config.ts": `export default { specs: "test" as string };\n`,
    "stackspec.config.mjs": `import { defineConfig } from "stackspec";\nexport default defineConfig({ specs: "test" });\n`,
    "stackspec.config.cjs": `module.exports = { specs: "test" };\n`,
  }))
    it(`is ${name}`, () => {
      go({ [name]: text });
      expect(readConfig({}).folders.specs).to.equal("test");
    });

  it("that is refused ends a command with exit code 2", async () => {
    go({ "specs/unit/a.spec.js": GREEN, "stackspec.config.js": "export default { engin: 'none' };\n" });
    const { exitCode, errors } = await project.run(["run", "unit"]);
    expect(errors).to.match(/^USAGE: stackspec\.config\.js: expected one of specs, .*, got "engin"\n$/);
    expect(exitCode).to.equal(2);
  });

  it("says which settings are its own: stackspec config", async () => {
    go({ "stackspec.config.mjs": `export default { snapshotsKept: 3 };\n` });
    const { output } = await project.run(["config"], { STACK: "shop" });
    expect(output)
      .to.match(/^snapshotsKept +stackspec.config.mjs +3$/m)
      .and.match(/^snapshotsDays +default +14$/m)
      .and.match(/^engine +STACKSPEC_ENGINE +none$/m)
      .and.match(/^STACK +environment +shop$/m);
  });
});
