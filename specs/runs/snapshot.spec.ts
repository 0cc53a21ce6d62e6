import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { defineStack, requireEngine, startStack } from "stackspec";
import type { GenericContainer } from "testcontainers";
import { startRun } from "../integration/child.ts";
import { cleanUp, NODE, engine, insideOf, shell } from "../integration/engine.ts";

/** What `integration/fixtures/once.ts` tells of its stack. */
interface Told {
  readonly id: string;
  readonly container: string;
  readonly seed: string;
}

describe("a snapshot", function () {
  this.timeout(120_000);
  requireEngine();

  const name = randomUUID().slice(0, 8);

  async function run(environment: Record<string, string> = {}, says = /^told/m): Promise<Told> {
    const { exitCode, output } = await startRun(["once.ts"], { environment: { STACK_NAME: name, ...environment } })
      .ended;
    expect(exitCode, output).to.equal(0);
    expect(output).to.match(says);
    return JSON.parse(/^told (.*)$/m.exec(output)![1]!) as Told;
  }

  cleanUp("its images are gone", async () => {
    const docker = await engine();
    const images = await docker.listImages({ filters: { reference: [`localhost/stackspec/snapshot/once-${name}/*`] } });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
  });

  describe("of a stack whose task writes into a volume", () => {
    let first: Told;

    before("the stack has been run, and then started from its snapshot", async () => {
      await run({}, /^Keeping a snapshot of the stack (?![^]*^No snapshot)/m);
      first = await run();
    });

    it("gives the next run what the task wrote, without running it again", async () => {
      await expect(run()).to.eventually.have.property("id", first.id);
    });

    it("gives the next run what the task printed", async () => {
      await expect(run()).to.eventually.have.property("seed", first.seed);
    });

    it("is not used for a task with another command", async () => {
      const { id } = await run({ MARKER: "anew" });
      expect(id).not.to.equal(first.id);
    });

    it("is not used with STACKSPEC_SNAPSHOTS=off", async () => {
      const { id } = await run({ STACKSPEC_SNAPSHOTS: "off" });
      expect(id).not.to.equal(first.id);
    });

    it("survives that two runs make it at once", async () => {
      const environment = { MARKER: "at once" };
      await Promise.all([run(environment), run(environment)]);
      const [one, other] = [await run(environment), await run(environment)];
      expect(one.id).to.equal(other.id);
    });

    it("is gone when more are made than are kept", async () => {
      await run({ MARKER: "the last", STACKSPEC_SNAPSHOTS_KEPT: "0" });
      const docker = await engine();
      const images = await docker.listImages({
        filters: { reference: [`localhost/stackspec/snapshot/once-${name}/*`] },
      });
      expect(images).to.have.lengthOf(0);
    });
  });
});

describe("a snapshot where nothing of this user can be kept from run to run", function () {
  this.timeout(60_000);
  requireEngine();
  const folder = mkdtempSync(join(tmpdir(), "stackspec-home-"));
  const file = join(folder, "file");
  const link = join(folder, "link");
  before("there are such homes", () => {
    writeFileSync(file, "");
    symlinkSync(join(folder, "nothing", "here"), link);
  });
  after("they are gone", () => rmSync(folder, { recursive: true }));

  for (const [what, HOME] of Object.entries({
    "a file": file,
    "below a file": join(file, "home"),
    "a link to nowhere": link,
  }))
    it(`is not made, and one line says so, when HOME is ${what}`, async () => {
      const name = randomUUID().slice(0, 8);
      const { exitCode, output } = await startRun(["once.ts"], { environment: { STACK_NAME: name, HOME } }).ended;
      expect(exitCode, output).to.equal(0);
      expect(output.split("\n").filter((line) => line.includes("snapshot"))).to.have.lengthOf(1);
      expect(output).to.match(
        new RegExp(
          `^No snapshot of once-${name} is kept: USAGE: HOME: expected a place below it that can be written`,
          "m",
        ),
      );
      const reference = [`localhost/stackspec/snapshot/once-${name}/*`];
      expect(await (await engine()).listImages({ filters: { reference } })).to.deep.equal([]);
    });
});

describe("a stack that is to stay up where nothing of this user can be kept", function () {
  this.timeout(60_000);
  requireEngine();
  const folder = mkdtempSync(join(tmpdir(), "stackspec-home-"));
  after(() => rmSync(folder, { recursive: true }));

  it("does not, and one line says so", async () => {
    const HOME = join(folder, "file");
    writeFileSync(HOME, "");
    const environment = { STACK_NAME: randomUUID().slice(0, 8), HOME, STACKSPEC_KEEP: "1" };
    const { exitCode, output } = await startRun(["once.ts"], { environment }).ended;
    expect(exitCode, output).to.equal(0);
    expect(output).to.match(/^once-\S+ does not stay up: USAGE: HOME: expected a place below it that can be written/m);
  });
});

describe("the key of a snapshot", function () {
  this.timeout(60_000);
  requireEngine();

  const folder = mkdtempSync(join(tmpdir(), "stackspec-key-"));
  const file = join(folder, "migration.sql");
  after(() => rmSync(folder, { recursive: true }));

  interface Ingredients {
    readonly image?: string;
    readonly command?: string;
    readonly path?: string;
    readonly needs?: string;
    readonly change?: (container: GenericContainer) => GenericContainer;
  }

  /** The key of a stack with one task made from these. */
  async function keyOf({
    image = NODE,
    command = "true",
    path = "/data",
    needs = "sleep 1000",
    change = (made) => made,
  }: Ingredients): Promise<string> {
    const running = await startStack(
      defineStack("keyed", (stack) => {
        const data = stack.volume("data");
        const server = stack.service("server", ({ image: found }) => shell(found, needs), {
          image: NODE,
          mounts: [data.at("/data")],
        });
        stack.task("seed", ({ image: found }) => change(shell(found, command)), {
          image,
          after: [server],
          mounts: [data.at(path)],
        });
        return {};
      }),
    );
    const { snapshot } = insideOf(running);
    await running.stop();
    expect(snapshot).to.have.property("key").that.is.a("string");
    return snapshot!.key!;
  }

  let usual: string;

  before("the usual key is known", async () => {
    usual = await keyOf({});
  });

  it("is the same for the same declaration", async () => {
    await expect(keyOf({})).to.eventually.equal(usual);
  });

  const changes: Readonly<Record<string, Ingredients>> = {
    "a task's command": { command: "echo" },
    "a task's image": { image: "nginx:1.30" },
    "a task's environment, such as a password": {
      change: (made) => made.withEnvironment({ PASSWORD: randomUUID() }),
    },
    "content that is copied into a task": {
      change: (made) => made.withCopyContentToContainer([{ content: "CREATE TABLE t", target: "/sql" }]),
    },
    "where a volume is mounted": { path: "/elsewhere" },
    "the command of a service that a task needs": { needs: "sleep 2000" },
  };
  for (const [what, ingredients] of Object.entries(changes))
    it(`is another for another of ${what}`, async () => {
      await expect(keyOf(ingredients)).not.to.eventually.equal(usual);
    });

  it("is another when the content of a copied file, a migration say, has changed", async () => {
    const change = (made: GenericContainer): GenericContainer =>
      made.withCopyFilesToContainer([{ source: file, target: "/sql" }]);
    writeFileSync(file, "CREATE TABLE a (id INT)");
    const before = await keyOf({ change });
    writeFileSync(file, "CREATE TABLE b (id INT)");
    await expect(keyOf({ change })).not.to.eventually.equal(before);
  });
});
