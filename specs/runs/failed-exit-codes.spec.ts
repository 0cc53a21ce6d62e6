import { expect } from "chai";
import { makeProject } from "../unit/command-line.ts";
import type { Project } from "../unit/command-line.ts";

const IMPORTS = `import { StackspecError, defineStack, httpClient, useStack } from "stackspec";\n`;
const FAILS = `it("fails", () => { throw new Error("no"); });\n`;
/** A stack whose task is work of this process. */
const withTask = (thrown: string): string => `
const stack = defineStack("stack", ({ task }) => ({ tests: task("tests", async () => { throw ${thrown}; }) }));
describe("a stack", () => {
  useStack(stack);
  it("is tested", () => {});
  it("is tested again", () => {});
});
`;
const BAD_INPUT = withTask(`new StackspecError("USAGE", "expected a port, got none", { subject: "PORT" })`);
const ASKS = withTask(`new StackspecError("TASK_FAILED", "exited with code 5, expected 0", { exitCode: 5 })`);

describe("a run that fails", function () {
  this.timeout(30_000);
  let project: Project;
  afterEach(() => project.remove());
  for (const [facts, text, expected] of [
    ["before its specs for bad input", BAD_INPUT, 2],
    ["in a spec for bad input", `it("asks", () => { httpClient("nowhere"); });\n`, 2],
    ["for bad input and for something else", BAD_INPUT + FAILS, 1],
    ["for a task", withTask(`new StackspecError("TASK_FAILED", "exited with code 5, expected 0")`), 1],
    ["for a task whose exit code is the run's", ASKS, 5],
    ["for that, and for something else", ASKS + FAILS, 5],
  ] as const)
    for (const words of [[], ["--parallel"]])
      it(`${[facts, ...words].join(", ")}: exits with ${expected}`, async () => {
        project = makeProject({
          "specs/unit/a.spec.js": IMPORTS + text,
          "specs/unit/b.spec.js": `it("is", () => {});\n`,
        });
        const { exitCode, output } = await project.run(["run", "unit", ...words]);
        expect(exitCode, output).to.equal(expected);
      });
});
