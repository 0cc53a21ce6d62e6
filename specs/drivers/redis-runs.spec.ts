import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { startRun } from "../integration/child.ts";
import { cleanUp, engine, removeLabelled } from "../integration/engine.ts";

/** What `integration/fixtures/redis.ts` tells: what it has found, and what it has found after changing that and a reset. */
interface Told {
  readonly container: string;
  readonly found: { readonly seed: string; readonly mine: number; readonly users: string[]; readonly events: string };
  readonly again: Told["found"];
}

describe("a Redis server that tasks have written to", function () {
  this.timeout(60_000);
  requireEngine();

  const name = randomUUID().slice(0, 8);

  async function run(environment: Record<string, string> = {}): Promise<Told> {
    const { exitCode, output } = await startRun(["redis.ts"], { environment: { STACK_NAME: name, ...environment } })
      .ended;
    expect(exitCode, output).to.equal(0);
    return JSON.parse(/^told (.*)$/m.exec(output)![1]!) as Told;
  }

  cleanUp("its images are gone", async () => {
    const docker = await engine();
    const filters = { reference: [`localhost/stackspec/snapshot/redis-${name}/*`] };
    const images = await docker.listImages({ filters });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
  });

  describe("restored from a snapshot", () => {
    let told: Told;
    before("it has been run, and started from its snapshot", async () => {
      await run();
      told = await run();
    });

    it("has the keys that the tasks left", () => {
      expect(told.found.seed).to.match(/^[0-9a-f-]{36}$/);
      expect(told.found.mine).to.equal(0);
    });

    it("has the users and settings that the tasks left", () => {
      expect(told.found.users).to.have.members(["app", "default"]);
      expect(told.found.events).to.match(/^(Kx|xK)$/);
    });

    it("is reset to those", () => {
      expect(told.again).to.deep.equal(told.found);
    });
  });

  it("has the keys that the tasks left when it is restored, though it was told to write no file", async () => {
    const environment = { FLAGS: "--save " };
    await run(environment);
    const { found } = await run(environment);
    expect(found.seed).to.match(/^[0-9a-f-]{36}$/);
  });

  it("has the keys that the tasks left when it is restored, and is reset to them, though it was not reset before", async () => {
    const environment = { FLAGS: "--maxclients 100" };
    await run({ ...environment, RESET: "keep" });
    const { found, again } = await run(environment);
    expect(found.seed).to.match(/^[0-9a-f-]{36}$/);
    expect(again).to.deep.equal(found);
  });

  describe("kept for the next run", () => {
    const HOME = mkdtempSync(join(tmpdir(), "stackspec-redis-"));
    const environment = { HOME, STACKSPEC_KEEP: "1", STACKSPEC_SNAPSHOTS: "off" };
    let first: Told;
    let second: Told;
    before("two runs have had it", async () => {
      first = await run(environment);
      second = await run(environment);
    });
    cleanUp("it is gone", async () => {
      const { Config } = await (await engine()).getContainer(second.container).inspect();
      await removeLabelled(`dev.stackspec.run=${Config.Labels["dev.stackspec.run"]}`);
      rmSync(HOME, { recursive: true });
    });

    it("is the same server", () => {
      expect(second.container).to.equal(first.container);
    });

    it("has what the tasks left, though the first run ended with something else", () => {
      expect(second.found).to.deep.equal(first.found);
    });

    it("is reset to that", () => {
      expect([first.again, second.again]).to.deep.equal([first.found, first.found]);
    });
  });
});
