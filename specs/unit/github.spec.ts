import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { makeProject } from "./command-line.ts";
import type { Project } from "./command-line.ts";

const SECRET = "kD8s-2mQp7xZ";
const SPECS = `
describe("a suite, with: signs", () => {
  it("fails | badly", () => { throw new Error("50 % of ${SECRET}\\nare gone"); });
  it("passes", () => {});
});
describe("a blocked suite", () => {
  before("set up", () => { throw new Error("no set-up"); });
  it("is not run", () => {});
});
`;

/** A stack without containers, which acceptance specs run on. */
const STACK = `
import { once } from "node:events";
import { createServer } from "node:http";
import { defineStack } from "stackspec";
const start = async () => {
  const server = createServer((_, response) => response.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: "http://127.0.0.1:" + server.address().port, stop: async () => void server.close() };
};
export default defineStack("here", ({ service }) => ({ target: service("web", () => ({ start }), { http: { port: 80 } }) }));
`;

describe("a run in GitHub Actions", function () {
  this.timeout(120_000);
  let project: Project;
  let folder: string;
  let output: string;
  const summaryFile = () => join(folder, "summary.md");
  before("run all suites", async () => {
    folder = mkdtempSync(join(tmpdir(), "github-"));
    project = makeProject({
      "specs/one/a.spec.js": SPECS,
      "specs/two/b.spec.js": 'it("passes too", () => {});',
      "specs/acceptance/c.spec.js": 'it("passes there", () => {});',
      "specs/stacks/here.js": STACK,
    });
    const github = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summaryFile() };
    // The stack needs no engine; "none" would run it under the name of its suite.
    const environment = { ...github, API_TOKEN: SECRET, STACKSPEC_ENGINE: "" };
    ({ output } = await project.run(["test"], environment));
  });
  after("remove", () => {
    project.remove();
    rmSync(folder, { recursive: true });
  });
  const annotations = () => output.match(/^::error .*$/gm);

  it("annotates each failure at its line, and nothing that a hook kept from running", () => {
    expect(annotations()).to.deep.equal([
      "::error file=specs/one/a.spec.js,line=3,title=a suite%2C with%3A signs › fails | badly::50 %25 of ***%0Aare gone",
      '::error file=specs/one/a.spec.js,line=7,title=a blocked suite › "before all" hook%3A set up for "is not run"::no set-up',
    ]);
  });

  it("has one summary, with the numbers of each suite, and its stack", () => {
    expect(
      readFileSync(summaryFile(), "utf8")
        .match(/^\| (✅|❌) .*$/gm)
        ?.map((row) => row.replace(/[\d.]+ s/, "")),
    ).to.deep.equal([
      "| ❌ one | 1 | 3 | 0 | 0 |  |",
      "| ✅ two | 1 | 0 | 0 | 0 |  |",
      "| ✅ acceptance&#45;here | 1 | 0 | 0 | 0 |  |",
    ]);
  });

  it("lists what failed there, with no secret and no markup", () => {
    const summary = readFileSync(summaryFile(), "utf8");
    expect(summary).to.include("fails &#124; badly** 50 % of &#42;&#42;&#42;\n").and.not.include(SECRET);
  });
});
