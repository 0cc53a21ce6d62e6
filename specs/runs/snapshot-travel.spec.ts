import { randomUUID } from "node:crypto";
import { mkdtemp, open, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { defineStack, logs, requireEngine, startStack } from "stackspec";
import { GenericContainer } from "testcontainers";
import type { StartedTestContainer } from "testcontainers";
import { openSession } from "../../src/engine/run/session.ts";
import { LOCAL } from "../../src/images/debian.ts";
import { startNode } from "../integration/child.ts";
import type { Ended } from "../integration/child.ts";
import { NODE, cleanUp, engine, shell, configIn } from "../integration/engine.ts";

/** What a start found: words that no other run prints. */
interface Found {
  readonly initialised: string;
  readonly seeded: string;
  readonly published: string;
}

describe("a snapshot that is taken to another machine", function () {
  this.timeout(120_000);
  requireEngine();

  const id = randomUUID().slice(0, 8);
  const name = `travel-${id}`;
  let folder = "";
  let file = "";
  let first: Found;

  before("a stack has one, in a file too", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-travel-"));
    file = join(folder, "snapshots.tar.zst");
    first = await run();
    await expectDone(snapshot("save", file, name));
  });
  cleanUp("its images and its folder are gone", async () => {
    await forget();
    await rm(folder, { recursive: true });
  });

  const snapshot = (...words: string[]): Promise<Ended> => startNode(["src/cli/main.ts", "snapshot", ...words]).ended;

  async function expectDone(ended: Promise<Ended>): Promise<void> {
    const { exitCode, output } = await ended;
    expect(exitCode, output).to.equal(0);
  }

  const imagesOf = async () => (await engine()).listImages({ filters: { reference: [`${LOCAL}/snapshot/${name}/*`] } });

  /** As on another machine. */
  async function forget(): Promise<void> {
    const docker = await engine();
    for (const { RepoTags } of await imagesOf())
      for (const tag of RepoTags ?? []) await docker.getImage(tag).remove({ force: true });
  }

  async function run(command = ""): Promise<Found> {
    const unique = "cat /proc/sys/kernel/random/uuid";
    const stack = defineStack(name, ({ service, task, volume }) => {
      const pages = volume("pages");
      const db = service(
        "db",
        ({ image }) => shell(image, `[ -e /srv/first ] || ${unique} > /srv/first; echo up; sleep 1000`),
        { image: NODE, data: "/srv", ready: logs(/up/) },
      );
      const seed = task("seed", ({ image }) => shell(image, `${unique} > /pages/index; ${unique} ${command}`), {
        image: NODE,
        after: [db],
        mounts: [pages.at("/pages")],
      });
      const web = service("web", ({ image }) => shell(image, "echo up; sleep 1000"), {
        image: NODE,
        after: [seed],
        mounts: [pages.at("/pages")],
        ready: logs(/up/),
      });
      return { db, web, seed };
    });
    const session = openSession(configIn(folder));
    try {
      const { values } = await session.start(stack);
      await session.keepSnapshot(stack, () => {});
      const read = async (container: StartedTestContainer, path: string): Promise<string> =>
        (await container.exec(["cat", path])).output.trim();
      return {
        initialised: await read(values.db, "/srv/first"),
        seeded: values.seed.output,
        published: await read(values.web, "/pages/index"),
      };
    } finally {
      await session.close();
    }
  }

  it("is restored there: data, volumes and what tasks printed", async () => {
    await forget();
    await expectDone(snapshot("load", file));
    await expect(run()).to.eventually.deep.equal(first);
  });

  it("is put at once on the images that the engine has, and not written again by the run that starts from it", async () => {
    await forget();
    await expectDone(snapshot("load", file));
    const loaded = (await imagesOf()).map(({ Id }) => Id).toSorted();
    await run();
    expect((await imagesOf()).map(({ Id }) => Id).toSorted()).to.deep.equal(loaded);
  });

  it("brings the initialised server along, for a stack whose task was edited", async () => {
    await forget();
    await expectDone(snapshot("load", file));
    const edited = await run("/dev/null");
    expect(edited.initialised).to.equal(first.initialised);
    expect(edited.seeded).not.to.equal(first.seeded);
  });

  for (const [what, damage] of Object.entries({
    "cut off": async (path: string) => truncate(path, 400),
    "another in one byte": async (path: string) => {
      const handle = await open(path, "r+");
      await handle.write(Buffer.from([0x5a, 0xa5]), 0, 2, 300);
      await handle.close();
    },
  }))
    it(`is refused, and nothing of it is used, when its file is ${what}`, async () => {
      await expectDone(snapshot("load", file));
      const damaged = join(folder, `${what}.zst`);
      await expectDone(snapshot("save", damaged, name));
      await forget();
      await damage(damaged);
      const { exitCode, output } = await snapshot("load", damaged);
      expect(exitCode, output).to.equal(1);
      expect(output).to.match(new RegExp(`^SNAPSHOT_FAILED: ${damaged}: expected snapshots`, "m"));
      expect(await imagesOf()).to.deep.equal([]);
    });

  it("comes back from a registry, of which nothing stays on the engine", async () => {
    const docker = await engine();
    const registry = await startStack(
      defineStack(`registry-${id}`, ({ service }) => ({
        registry: service("registry", ({ image }) => new GenericContainer(image).withExposedPorts(5000), {
          image: "registry:3",
          reset: "keep",
        }),
      })),
    );
    try {
      const there = `localhost:${registry.values.registry.getMappedPort(5000)}/cache/${name}:main`;
      await forget();
      await expectDone(snapshot("load", file));
      await expectDone(snapshot("push", there, name));
      await forget();
      await expectDone(snapshot("pull", there));
      expect(await docker.listImages({ filters: { reference: [there] } })).to.deep.equal([]);
    } finally {
      await registry.stop();
    }
    await expect(run()).to.eventually.deep.equal(first);
  });

  it("has to be there to be saved", async () => {
    const { exitCode, output } = await snapshot("save", join(folder, "none.zst"), `no-${id}`);
    expect(exitCode).to.equal(2);
    expect(output).to.include(`USAGE: stackspec snapshot: expected a snapshot of no-${id} on the engine, got none`);
  });
});
