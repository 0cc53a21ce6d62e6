import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { LOCAL } from "../../src/images/debian.ts";
import { cleanUp, engine } from "../integration/engine.ts";

const repository = join(import.meta.dirname, "../..");

/** What a spec file of the shop tells of where it has run. */
interface Told {
  readonly worker?: string;
  readonly servers: readonly string[];
  readonly database: string;
}

describe("a project with PostgreSQL, RabbitMQ, Redis, a web application and two workers", function () {
  this.timeout(300_000);
  requireEngine();
  const name = `shop-${randomBytes(4).toString("hex")}`;
  const folder = mkdtempSync(join(tmpdir(), "shop-"));
  const children: ChildProcess[] = [];
  let parallel: { output: string; told: readonly Told[] };
  let sequential: typeof parallel;

  before("it has been run in parallel workers, and then in one process", async () => {
    cpSync(join(import.meta.dirname, "fixtures/shop"), folder, { recursive: true });
    for (const file of ["one", "two", "three", "four"])
      cpSync(join(folder, "specs/acceptance/orders.ts"), join(folder, `specs/acceptance/${file}.spec.ts`));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name, type: "module" }));
    writeFileSync(join(folder, "stackspec.config.ts"), `export default { images: "auto" };\n`);
    cpSync(join(repository, ".mocharc.yml"), join(folder, ".mocharc.yml"));
    symlinkSync(join(repository, "src"), join(folder, "src"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(repository, join(folder, "node_modules/stackspec"));
    for (const used of readdirSync(join(repository, "node_modules")).filter((each) => !each.startsWith(".")))
      symlinkSync(join(repository, "node_modules", used), join(folder, "node_modules", used));
    parallel = await run("--parallel", "--jobs", "2");
    sequential = await run();
  });
  cleanUp("its snapshot and its folder are gone", async () => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    const docker = await engine();
    const images = await docker.listImages({ filters: { reference: [`${LOCAL}/snapshot/${name}/*`] } });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
  });

  async function run(...words: string[]): Promise<typeof parallel> {
    const main = join(repository, "src/cli/main.ts");
    const ours = /^(STACK$|URL$|JUNIT_|CI$)/;
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([key]) => !ours.test(key)));
    const child = spawn(process.execPath, ["-C", "development", main, "start", ...words], {
      cwd: folder,
      env: { ...inherited, SHOP: name },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    const exitCode = await new Promise((resolve) => {
      child.once("close", resolve);
    });
    expect(exitCode, output).to.equal(0);
    const told = [...output.matchAll(/^told (.*)$/gm)].map(([, text]) => JSON.parse(text!) as Told);
    return { output, told };
  }

  it("sees no row, key or message of one spec file in the next, with parallel workers and without", () => {
    expect(parallel.told).to.have.lengthOf(4);
    expect(sequential.told).to.have.lengthOf(4);
  });

  it("has one server of each kind for all workers, and each worker a share of its own", () => {
    expect(new Set(parallel.told.map(({ servers }) => servers.join()))).to.have.lengthOf(1);
    expect(new Set(parallel.told.map(({ worker, database }) => `${worker} ${database}`))).to.deep.equal(
      new Set(["0 shop", "1 shop__worker_1"]),
    );
  });

  it("starts from its snapshot: its task runs no second time", () => {
    expect(parallel.output).to.match(/^ +migrate completed after/m);
    expect(sequential.output).not.to.match(/^ +migrate completed after/m);
  });

  it("is told of nothing that does not hold", () => {
    expect(`${parallel.output}${sequential.output}`).not.to.match(/keeps its data|no snapshot|see each other/i);
  });
});
