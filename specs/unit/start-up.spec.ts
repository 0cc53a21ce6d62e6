import { join } from "node:path";
import { expect } from "chai";
import { makeProject } from "./command-line.ts";
import type { Project } from "./command-line.ts";

const hook = join(import.meta.dirname, "fixtures/loads.ts");

describe("the command, while it starts,", function () {
  this.timeout(60_000);
  let project: Project;
  before("make a project", () => {
    project = makeProject({
      "specs/acceptance/one.spec.js": `it("passes", () => {});\n`,
      "specs/stacks/own.js": `import { defineStack, httpClient } from "stackspec";
        export default defineStack("own", (stack) => {
          const target = stack.service("app", () => ({
            start: async () => (await import("../../starts.js")).app,
          }));
          return { target };
        });\n`,
      "starts.js": `import { httpClient } from "stackspec";
        export const app = { http: httpClient("http://127.0.0.1:1"), stop: async () => {} };\n`,
    });
  });
  after("remove it", () => project.remove());

  /** The addresses of modules, the packages, and the files of ours, that `stackspec` loads for these words. */
  async function loadedFor(
    words: readonly string[],
  ): Promise<{ urls: string[]; compiledIn: string; packages: string[]; files: string[] }> {
    await project.run(words, { STACK: "own", NODE_OPTIONS: `--import=${hook}`, LOADS: project.path("loads") });
    const lines = project.read("loads").split("\n");
    const [urls, compiledIn] = [lines.slice(0, -1), lines.at(-1)!];
    const packages = urls.map((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? "");
    const files = urls.map((url) => /\/src\/(.*)$/.exec(url)?.[1] ?? "");
    return { urls, compiledIn, packages: [...new Set(packages)].filter(Boolean), files: files.filter(Boolean) };
  }

  it("has Node keep what it has compiled, beside the installation", async () => {
    const { compiledIn } = await loadedFor(["--version"]);
    expect(compiledIn).to.include(join(import.meta.dirname, "../../node_modules/.cache/stackspec"));
  });

  for (const words of [["help"], ["--version"], ["clean", "--help"], ["pipeline", "--dry"], ["frobnicate"]])
    it(`loads no package for ${words.join(" ")}`, async () => {
      const { packages, files } = await loadedFor(words);
      expect(packages).to.deep.equal([]);
      expect(files).to.include("cli/program.ts");
    });

  it("loads of mocha the list of its options, and nothing else, to read its words", async () => {
    const { packages, files } = await loadedFor(["start", "--help"]);
    expect(packages).to.deep.equal(["mocha"]);
    expect(files).to.include("cli/mocha-options.ts");
  });

  it("has the stack start before it loads mocha, which takes as long as a database to boot", async () => {
    const { urls } = await loadedFor(["start"]);
    const [starts, mocha] = ["/starts.js", "/mocha/lib/cli/cli.js"].map((end) =>
      urls.findIndex((url) => url.endsWith(end)),
    );
    expect(starts).to.be.within(0, mocha!);
  });
});
