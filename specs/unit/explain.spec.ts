import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { EXPLANATIONS } from "../../src/cli/explanations.ts";
import { makeProject } from "./command-line.ts";
import type { Project } from "./command-line.ts";

describe("stackspec explain", () => {
  let project: Project;
  before(() => void (project = makeProject({})));
  after(() => project.remove());

  it("prints cause and remedy of a code, however it is written", async () => {
    await expect(project.run(["explain", "port_taken"])).to.eventually.deep.include({
      exitCode: 0,
      output: "PORT_TAKEN\n  cause   a fixed host port is in use\n  remedy  free it, or let the engine choose\n",
    });
  });

  it("refuses what is no code, and says which there are", async () => {
    const { exitCode, errors } = await project.run(["explain", "E42"]);
    expect(errors).to.match(/^USAGE: stackspec explain: expected one of USAGE, .*, RELEASE_FAILED, got "E42"\n$/);
    expect(exitCode).to.equal(2);
  });

  it("says of each code what docs/errors.md says", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/errors.md"), "utf8");
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| (.*?) +\| (.*?) +\|$/gm)];
    const told = rows.map(([, code, cause, remedy]) => [code, { cause, remedy }]);
    expect(Object.fromEntries(told)).to.deep.equal(EXPLANATIONS);
  });
});
