import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { makePackedProject, pack } from "../packed.ts";
import type { PackedProject } from "../packed.ts";

const MODULE = { "package.json": '{ "type": "module" }\n' };
const SPEC = `
import { expect } from "chai";
describe("a spec", () => {
  it("passes", () => {});
  it("fails", () => { expect({ a: 1 }).to.deep.equal({ a: 2 }); });
});
`;
/** What a strict project with all that the package exports may be sure of. */
const TYPES = `
import { expect } from "chai";
import { answers, defineConfig, defineStack, httpClient, useStack } from "stackspec";
import { defineDriver } from "stackspec/drivers";
import { definePipeline } from "stackspec/pipeline";
import { GenericContainer } from "testcontainers";

const shop = defineStack("shop", (stack) => ({
  web: stack.service("web", ({ image }) => new GenericContainer(image), { image: "nginx", http: { port: 80 }, ready: answers("/") }),
}));
const request = httpClient("http://127.0.0.1:1").get("/").set("Accept", "text/html");
// @ts-expect-error: a request is typed
request.nonsense();
// @ts-expect-error: an answer is typed
export const status: string = (await request).status;
describe("types", () => {
  const { web } = useStack(shop);
  it("are there", async () => {
    await expect(web.http.get("/")).to.eventually.have.property("status", 200);
  });
});
export default [defineConfig({ defaultStack: "shop" }), defineDriver, definePipeline];
`;
const STRICT = {
  compilerOptions: { target: "ES2023", module: "NodeNext", strict: true, noEmit: true, skipLibCheck: false },
  files: ["a.ts"],
};

const repository = join(import.meta.dirname, "../..");

/** Runs a tool that looks for mistakes. @throws AssertionError with what it found */
async function findsNothing(tool: string, ...words: string[]): Promise<void> {
  const ended = promisify(execFile)(join(repository, "node_modules/.bin", tool), words);
  const found = await ended.catch((error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`);
  if (typeof found === "string") expect.fail(found);
}

const MOCHAS = {
  "mocha 11": join(repository, "node_modules/mocha"),
  "mocha 12": join(repository, ".ci/mocha-12/node_modules/mocha"),
};

describe("the packed package", function () {
  this.timeout(120_000);
  let project: PackedProject;
  afterEach(() => project.remove());

  for (const [name, mocha] of Object.entries(MOCHAS))
    it(`runs specs with ${name}, also in parallel, and reports them`, async () => {
      project = await makePackedProject({ ...MODULE, "specs/unit/a.spec.js": SPEC }, { mocha });
      for (const words of [[], ["--parallel"]]) {
        const { exitCode, output } = await project.run("stackspec", ["test", ...words], { STACKSPEC_ENGINE: "none" });
        expect([exitCode, output.trimEnd().split("\n").at(-1)], output).to.deep.equal([1, "1 passed, 1 failed"]);
        expect(readFileSync(join(project.folder, "reports/unit.xml"), "utf8"))
          .to.include('<failure message="expected { a: 1 } to deeply equal { a: 2 }" type="AssertionError">')
          .and.include('-  "a": 1');
      }
    });

  it("has types for all that it exports, in a strict project that checks libraries too", async () => {
    project = await makePackedProject({ ...MODULE, "a.ts": TYPES, "tsconfig.json": JSON.stringify(STRICT) });
    await expect(project.run("tsc", ["-p", "."])).to.eventually.have.property("output", "");
  });

  it("is found under conditions that others set for packages of their own", async () => {
    project = await makePackedProject({ ...MODULE, "a.js": 'import "stackspec";\nimport "stackspec/pipeline";\n' });
    await expect(project.run("node", ["--conditions=development", "a.js"])).to.eventually.include({ exitCode: 0 });
  });

  it("brings no sources, and no script that runs when it is installed", async () => {
    project = await makePackedProject();
    const { output } = await project.run("grep", [
      "-rlE",
      "\\.\\./src/|sourceMappingURL",
      "node_modules/stackspec/dist",
    ]);
    expect(output).to.equal("");
    const text = readFileSync(join(project.folder, "node_modules/stackspec/package.json"), "utf8");
    expect(JSON.parse(text)).not.to.have.property("scripts");
  });

  it("refuses a mocha that it does not know, with both versions", async () => {
    project = await makePackedProject(MODULE);
    const manifest = join(project.folder, "node_modules/stackspec/package.json");
    const text = readFileSync(manifest, "utf8").replace('"mocha": "^11.8.0 || ^12.0.0"', '"mocha": "^10.2.0"');
    project.write({ "node_modules/stackspec/package.json": text });
    const { exitCode, errors } = await project.run("stackspec", ["test"]);
    expect(errors).to.match(/^USAGE: mocha: expected \^10\.2\.0, got 11\.\S+ — npm install [^\n]*\n$/);
    expect(exitCode).to.equal(2);
  });
});

describe("the package's file", function () {
  this.timeout(120_000);

  it("has nothing in its manifest that leads nowhere", async () => {
    await findsNothing("publint", "run", await pack(), "--strict");
  });

  it("has types that each kind of project resolves", async () => {
    // What is said of CommonJS was so before Node 22.12, which can require an ES module.
    await findsNothing("attw", await pack(), "--profile", "node16", "--ignore-rules", "cjs-resolves-to-esm");
  });
});
