import { expect } from "chai";
import { makeProject } from "./command-line.ts";
import type { Project } from "./command-line.ts";

describe("stackspec init", function () {
  this.timeout(60_000);
  let project: Project;
  afterEach(() => project.remove());
  /** What init says it has done, in a project of these files. */
  const init = async (files: Readonly<Record<string, string>>, ...words: string[]) => {
    project = makeProject(files);
    const { exitCode, output, errors } = await project.run(["init", "--no-install", ...words]);
    const lines = (pattern: RegExp): string[] => [...output.matchAll(pattern)].map(([, path]) => path!);
    return { exitCode, errors, output, wrote: lines(/^wrote (.*)$/gm), kept: lines(/^kept +(.*)$/gm) };
  };

  it("writes a stack, a spec, a config file, a CI file and a script", async () => {
    const { wrote } = await init({});
    expect(wrote).to.deep.equal([
      "stackspec.config.js",
      "specs/stacks/web.js",
      "specs/acceptance/web.spec.js",
      ".github/workflows/stackspec.yml",
      "package.json: the script test",
      ".gitignore",
    ]);
    expect(project.read("package.json")).to.include('"test": "stackspec test"');
  });

  it("writes the stack that is asked for, and its spec", async () => {
    const { wrote } = await init({ "tsconfig.json": "{}" }, "--stack", "postgres");
    expect(wrote).to.include.members(["specs/stacks/postgres.ts", "specs/integration/postgres.spec.ts"]);
    expect(project.read("specs/integration/postgres.spec.ts")).to.include('from "../stacks/postgres.ts"');
  });

  it("overwrites nothing", async () => {
    const files = {
      "package.json": '{\n\t"type": "module",\n\t"scripts": { "test": "jest" }\n}\n',
      "stackspec.config.js": "export default {};\n",
      "specs/stacks/web.js": "stack",
      "specs/acceptance/web.spec.js": "spec",
      ".github/workflows/stackspec.yml": "ci",
      ".gitignore": "mine",
    };
    const { wrote, kept } = await init(files);
    const { "package.json": _, ...others } = files;
    expect(wrote).to.deep.equal(["package.json: the script test:stack"]);
    expect(kept).to.have.members(Object.keys(others));
    for (const [path, text] of Object.entries(others)) expect(project.read(path)).to.equal(text);
    expect(project.read("package.json")).to.equal(
      '{\n\t"type": "module",\n\t"scripts": {\n\t\t"test": "jest",\n\t\t"test:stack": "stackspec test"\n\t}\n}\n',
    );
  });

  it("changes nothing when it is run again", async () => {
    await init({});
    const { output } = await project.run(["init", "--no-install"]);
    expect(output).not.to.match(/^wrote/m);
  });

  it("writes modules that a CommonJS project can have", async () => {
    const { wrote } = await init({ "package.json": '{ "type": "commonjs" }\n' });
    expect(wrote).to.include.members(["stackspec.config.mjs", "specs/stacks/web.mjs", "specs/acceptance/web.spec.mjs"]);
  });

  it("takes the image and its port from the Dockerfile", async () => {
    await init({ "package.json": '{ "name": "@team/shop" }\n', Dockerfile: "FROM scratch\nEXPOSE 8080/tcp\n" });
    expect(project.read("specs/stacks/shop.mjs"))
      .to.include('imageFrom("shop", ".", { network: true })')
      .and.include("http: { port: 8080 }");
  });

  for (const [files, path] of [
    [{ ".git/config": '[remote "origin"]\n\turl = git@gitlab.com:team/shop.git\n' }, ".gitlab-ci.yml"],
    [{ ".git/config": '[remote "origin"]\n\turl = git@github.com:team/shop.git\n' }, ".github/workflows/stackspec.yml"],
    [{ Jenkinsfile: "pipeline {}\n" }, "Jenkinsfile"],
    [{ ".circleci/config.yml": "version: 2.1\n" }, ".circleci/config.yml"],
  ] as const)
    it(`finds out which CI system there is: ${Object.keys(files)[0]}, ${path}`, async () => {
      const { wrote, kept } = await init(files);
      expect([...wrote, ...kept]).to.include(path);
    });

  it("writes a CI file for as many machines as are asked for", async () => {
    await init({ "package.json": "{}" }, "--shards", "3");
    expect(project.read(".github/workflows/stackspec.yml"))
      .to.include("matrix: { shard: [1, 2, 3] }")
      .and.include("npm test -- --shard ${{ matrix.shard }}/3");
  });

  for (const [files, number, message] of [
    [{}, "0", 'expected a number of machines, got "0"'],
    [{ Jenkinsfile: "" }, "3", "expected GitHub or GitLab, whose files can have that, got Jenkins"],
  ] as const)
    it(`refuses machines when ${message}`, async () => {
      const { exitCode, errors, wrote } = await init(files, "--shards", number);
      expect([exitCode, errors, wrote]).to.deep.equal([2, `USAGE: --shards: ${message}\n`, []]);
    });

  it("tells the project's own application where the service is", async () => {
    await init(
      { Dockerfile: "FROM scratch\nEXPOSE 8080/tcp\n", "package.json": '{ "name": "shop" }' },
      "--stack",
      "postgres",
    );
    expect(project.read("specs/stacks/postgres.mjs"))
      .to.include('withEnvironment({ DATABASE_URL: `postgres://app:${secret("app")}@postgres:5432/app` })')
      .and.include("after: [postgres],")
      .and.include("return { target, postgres };");
    expect(project.read("specs/integration/postgres.spec.mjs")).to.include('stack.target.http.get("/")');
  });

  for (const [file, line] of [
    ["pnpm-lock.yaml", "pnpm add --save-dev mocha testcontainers"],
    ["yarn.lock", "yarn add --dev mocha testcontainers"],
  ] as const)
    it(`installs with the package manager that the project has: ${file}`, async () => {
      const { output } = await init({ [file]: "" });
      expect(output).to.include(`Now: ${line} && npm test`);
    });

  it("exits with 1 when what is missing could not be installed, and says what to do", async () => {
    project = makeProject({ ".npmrc": "registry=http://127.0.0.1:1\nfetch-retries=0\noffline=true\ncache=empty\n" });
    const { exitCode, output } = await project.run(["init"]);
    expect(exitCode).to.equal(1);
    expect(output).to.match(/^Now: npm install --save-dev mocha testcontainers && npm test$/m);
  });

  it("says what is still to be installed, also to bring the service's data back", async () => {
    const { output } = await init({}, "--stack", "postgres");
    expect(output).to.match(/^Now: npm install --save-dev mocha testcontainers pg && npm test$/m);
  });

  it("refuses a service that it does not know", async () => {
    const { exitCode, errors } = await init({}, "--stack", "oracle");
    expect([exitCode, errors]).to.deep.equal([
      2,
      'USAGE: --stack: expected one of postgres, mysql, mariadb, redis, valkey, rabbitmq, got "oracle"\n',
    ]);
  });
});
