import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { makeProject } from "./command-line.ts";
import type { Project } from "./command-line.ts";

const repository = join(import.meta.dirname, "../..");
const USES = (name: string): string => `
import { useStack } from "stackspec";
import stack from "../stacks/${name}.ts";
export const limit = 3;
describe("a suite", () => { useStack(stack); it("passes", () => {}); });
`;

describe("code of a project that cannot be loaded", function () {
  this.timeout(60_000);
  let project: Project;
  before(() => {
    project = makeProject({
      "specs/syntax/a.spec.ts": USES("syntax"),
      "specs/stacks/syntax.ts": "\nexport default defineStack(;\n",
      "specs/none/a.spec.ts": USES("none"),
      "specs/stacks/none.ts": "export default { name: 1 };\n",
      "specs/cycle/a.spec.ts": USES("cycle"),
      "specs/stacks/cycle.ts": `import { limit } from "../cycle/a.spec.ts";\nexport default { limit };\n`,
      "specs/copies/a.spec.ts": `import { useStack } from "copy";\nvoid useStack;\n`,
    });
    for (const name of ["src", "package.json"])
      cpSync(join(repository, name), join(project.folder, "copy", name), { recursive: true });
    symlinkSync(join(repository, "node_modules"), join(project.folder, "copy/node_modules"));
    symlinkSync("../copy", join(project.folder, "node_modules/copy"));
  });
  after(() => project.remove());

  for (const [suite, sentence] of [
    ["syntax", /^USAGE: specs\/stacks\/syntax\.ts:2: expected a file that can be loaded, got SyntaxError: [^\n]*\n$/],
    ["none", /^USAGE: [^\n]*expected a stack made by defineStack[^\n]*\n$/],
    ["cycle", /^USAGE: specs\/stacks\/cycle\.ts:2: expected a file that can be loaded, got ReferenceError: [^\n]*\n$/],
    ["copies", /^USAGE: [^\n]*expected one copy of the package in a process, got [^\n]* and [^\n]*\n$/],
  ] as const)
    it(`is refused in one line, with exit code 2: ${suite}`, async () => {
      const { exitCode, errors } = await project.run(["run", suite]);
      expect(errors).to.match(sentence);
      expect(exitCode).to.equal(2);
      expect(project.read(`reports/${suite}.xml`)).to.include("USAGE: ");
    });
});
