import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readConfig } from "../../src/config/config.ts";
import type { ProjectConfig } from "../../src/config/project-config.ts";
import { chooseTarget, loadStack, rootOf, stackNames } from "../../src/mocha/target.ts";

/** A stack file as far as a target is concerned. */
const stackFile = (name: string, image = '"node:24"') =>
  `export default { name: "${name}", exports: { target: {} }, nodes: [{ options: { image: ${image} } }] };\n`;

const OURS: ProjectConfig = { defaultStack: "release", fallbackStack: "embedded" };
const told = (environment: NodeJS.ProcessEnv = {}, exported: ProjectConfig = OURS) =>
  readConfig(environment, { path: "stackspec.config.ts", exported });

describe("the target of acceptance specs", () => {
  const home = process.cwd();
  let folder = "";

  /** Makes a project whose `specs/stacks/` has these files, and goes there. */
  async function project(files: Readonly<Record<string, string>>): Promise<void> {
    folder = await mkdtemp(join(tmpdir(), "stackspec-target-"));
    await mkdir(join(folder, "specs/stacks"), { recursive: true });
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, "specs/stacks", name), text);
    process.chdir(folder);
  }
  afterEach("go home", async () => {
    process.chdir(home);
    await rm(folder, { recursive: true, force: true });
  });

  /** The choice, as the stack's name or the address, and what was said about it. */
  async function choose(environment: NodeJS.ProcessEnv, missing?: string, said: ProjectConfig = OURS) {
    const lines: string[] = [];
    const target = await chooseTarget(told(environment, said), missing, (line) => lines.push(line));
    return { target: "url" in target ? target.url : target.stack.name, said: lines };
  }
  const both = { "release.js": stackFile("release"), "embedded.js": stackFile("embedded") };

  it("is the release stack", async () => {
    await project(both);
    await expect(choose({})).to.eventually.deep.equal({ target: "release", said: [] });
  });

  it("is the stack that STACK names", async () => {
    await project({ ...both, "small.js": stackFile("small") });
    await expect(choose({ STACK: "small" })).to.eventually.have.property("target", "small");
  });

  it("is the URL, whatever stacks there are", async () => {
    await project(both);
    const environment = { URL: "https://todo.example/todos", STACK: "embedded" };
    await expect(choose(environment)).to.eventually.have.property("target", "https://todo.example/todos");
  });

  it("is the embedded stack when there is no engine, and that is said", async () => {
    await project(both);
    await expect(choose({}, "no engine answers")).to.eventually.deep.equal({
      target: "embedded",
      said: ["Running on the embedded stack, without containers: no engine answers"],
    });
  });

  it("is none in CI when there is no engine", async () => {
    await project(both);
    await expect(choose({ CI: "true" }, "no engine answers")).to.be.rejectedWith(
      "ENGINE_UNREACHABLE: engine: expected a Docker-compatible engine: no engine answers — STACK=embedded runs without one",
    );
  });

  it("is the only stack where the project names none", async () => {
    await project({ "shop.js": stackFile("shop") });
    await expect(choose({}, undefined, {})).to.eventually.have.property("target", "shop");
  });

  it("is the only stack that exports a target where the project names none of several", async () => {
    await project({ "shop.js": stackFile("shop"), "db.js": "export default { nodes: [], exports: { db: {} } };\n" });
    await expect(choose({}, undefined, {})).to.eventually.have.property("target", "shop");
  });

  it("is refused where the project names none of several", async () => {
    await project(both);
    await expect(choose({}, undefined, {})).to.be.rejectedWith(
      "USAGE: STACK: expected one of embedded, release, got nothing",
    );
  });

  it("is none when there is neither an engine nor a fallback", async () => {
    await project(both);
    await expect(choose({}, "no engine answers", { defaultStack: "release" })).to.be.rejectedWith("ENGINE_UNREACHABLE");
  });

  for (const environment of [{}, { CI: "true" }])
    it(`is a stack that declares no image also where there is no engine: ${JSON.stringify(environment)}`, async () => {
      await project({ "objects.js": stackFile("objects", "undefined") });
      await expect(choose(environment, "no engine answers", {})).to.eventually.have.property("target", "objects");
    });

  it("is refused when no stack has that name, with the names there are", async () => {
    await project(both);
    await expect(choose({ STACK: "relase" })).to.be.rejectedWith(
      'USAGE: STACK: expected one of embedded, release, got "relase"',
    );
  });

  it("is refused when there are no stacks at all", async () => {
    await project({});
    await expect(choose({})).to.be.rejectedWith('USAGE: STACK: expected a file in specs/stacks/, got "release"');
  });

  for (const [name, text] of Object.entries({
    "has no default export": "export const release = 1;\n",
    "exports no target": "export default { exports: {} };\n",
  }))
    it(`is refused when its file ${name}`, async () => {
      await project({ "release.js": text });
      await expect(loadStack("release", told())).to.be.rejectedWith(
        "USAGE: specs/stacks/release.js: expected a default export made by defineStack that exports a target",
      );
    });

  it("is one of the files in specs/stacks/, in the order of their names", async () => {
    await project({ ...both, "README.md": "", "a.ts": "", "b.mjs": "" });
    await expect(stackNames(told())).to.eventually.deep.equal(["a", "b", "embedded", "release"]);
  });

  it("is not looked for outside a project", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-target-"));
    process.chdir(folder);
    await expect(stackNames(told())).to.eventually.deep.equal([]);
  });
});

describe("the root of a URL", () => {
  for (const [url, root] of [
    ["http://todo.example/todos", "http://todo.example/"],
    ["http://todo.example/todos/", "http://todo.example/"],
    ["http://todo.example/todos//", "http://todo.example/"],
    ["http://todo.example/", "http://todo.example/"],
    ["http://todo.example", "http://todo.example/"],
    ["http://todo.example:8000", "http://todo.example:8000/"],
    ["https://todo.example/api/v1/todos", "https://todo.example/api/v1/"],
    ["http://todo.example/todos?done=1", "http://todo.example/"],
  ] as const)
    it(`is ${root} for ${url}`, () => {
      expect(rootOf(url)).to.equal(root);
    });

  it("is none for what is no URL", () => {
    expect(() => rootOf("todo")).to.throw("USAGE: URL: Invalid URL");
  });
});
