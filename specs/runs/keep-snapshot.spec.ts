import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "chai";
import { defineStack, requireEngine } from "stackspec";
import type { GenericContainer } from "testcontainers";
import { RUN_LABEL } from "../../src/engine/docker/labels.ts";
import { openSession } from "../../src/engine/run/session.ts";
import type { SnapshotUse } from "../../src/engine/plan/find-restored.ts";
import { lockStack } from "../../src/engine/kept/reusable-stack.ts";
import { PROJECT_LABEL, SERVER_LABEL, SNAPSHOT_LABEL, SNAPSHOT_STACK_LABEL } from "../../src/engine/snapshot/store.ts";
import { LOCAL } from "../../src/images/debian.ts";
import type { Stack } from "../../src/stack/stack.ts";
import { NODE, cleanUp, engine, referenceOf, shell, configIn } from "../integration/engine.ts";

/** What a run of a stack was, and said of its snapshot. */
interface Told {
  readonly snapshot: SnapshotUse | undefined;
  readonly said: readonly string[];
  /** What its tasks printed. */
  readonly printed: string;
}

interface Ways {
  readonly environment?: Readonly<Record<string, string>>;
  /** Done when the stack is up. */
  readonly whenUp?: () => Promise<void>;
  /** How often its snapshot is asked for. */
  readonly times?: number;
}

describe("keeping a snapshot", function () {
  this.timeout(60_000);
  requireEngine();

  const id = randomUUID().slice(0, 8);
  let folder = "";
  let file = "";

  before("make a folder", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-keep-"));
    file = join(folder, "mounted");
  });
  beforeEach("write the file that is mounted", () => writeFile(file, "one"));

  cleanUp("its images and its folder are gone", async () => {
    const docker = await engine();
    const names = (await allOf("*")).flatMap(({ RepoTags }) => RepoTags ?? []);
    await Promise.all(names.map((name) => docker.getImage(name).remove({ force: true })));
    // What has lost its name.
    const nameless = await docker.listImages({ filters: { label: [`keep-${id}`] } });
    await Promise.all(nameless.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
    await rm(folder, { recursive: true });
  });

  async function imagesOf(stack: string) {
    return (await allOf(stack)).filter(({ Labels }) => Labels[SERVER_LABEL] === undefined);
  }

  /** Those of servers before any task had run, too. */
  async function allOf(stack: string) {
    return (await engine()).listImages({ filters: { reference: [`${LOCAL}/snapshot/keep-${id}-${stack}/*`] } });
  }

  /** A run of its own: starts a stack, asks for its snapshot, and ends. */
  async function run(stack: Stack, { environment = {}, whenUp, times = 1 }: Ways = {}): Promise<Told> {
    const session = openSession(configIn(folder, environment));
    const said: string[] = [];
    try {
      const { snapshot, values } = await session.start(stack);
      await whenUp?.();
      for (let time = 0; time < times; time++) await session.keepSnapshot(stack, (line) => said.push(line));
      return { snapshot, said, printed: (values as { seed?: { output: string } }).seed?.output ?? "" };
    } finally {
      await session.close();
    }
  }

  const SERVING = "while :; do sleep 0.1; done";

  interface Parts {
    /** The task's. */
    readonly image?: string;
    readonly data?: string;
    readonly servers?: readonly string[];
    /** Declares more. */
    readonly beside?: (stack: Parameters<Parameters<typeof defineStack>[1]>[0]) => void;
    readonly change?: (container: GenericContainer) => GenericContainer;
    readonly make?: (image: string, lines: string) => Promise<GenericContainer>;
  }
  /** A stack with servers that have data, and a task that prints what it will not print twice. */
  function stackOf(name: string, parts: Parts = {}) {
    const { data = "/srv", servers = ["db"], image: own = NODE, change = (made) => made, make } = parts;
    return defineStack(`keep-${id}-${name}`, (stack) => {
      parts.beside?.(stack);
      const after = servers.map((server) =>
        stack.service(server, ({ image }) => make?.(image, SERVING) ?? shell(image, SERVING), {
          image: NODE,
          data,
          durable: true,
        }),
      );
      const seed = stack.task("seed", ({ image }) => change(shell(image, "cat /proc/sys/kernel/random/uuid")), {
        image: own,
        after,
      });
      return { seed };
    });
  }

  const keeping = (name: string): string =>
    `Keeping a snapshot of the stack keep-${id}-${name}, which the next start restores`;
  const none = (name: string, reason: string): string => `No snapshot of keep-${id}-${name} is kept: ${reason}`;
  const changed =
    "what it comes from has changed since the start: it was edited, a container writes where it is mounted, or a factory makes another one each time";

  it("gives the next run one, of a service whose factory waits for something of its own", async () => {
    const make = async (image: string, lines: string): Promise<GenericContainer> => {
      await readFile(file);
      return shell(image, lines);
    };
    const stack = stackOf("async", { make });
    const { said } = await run(stack);
    expect(said).to.deep.equal([keeping("async")]);
    expect((await run(stack)).snapshot).to.have.property("restored", true);
  });

  it("leaves no mark of the run in its images", async () => {
    await run(stackOf("marks"));
    const [image] = await imagesOf("marks");
    expect(image!.Labels[RUN_LABEL]).to.equal("");
  });

  it("does not restore one that has lost an image", async () => {
    const stack = stackOf("half", { servers: ["db", "queue"] });
    await run(stack);
    const { snapshot, printed } = await run(stack);
    expect(snapshot).to.have.property("restored", true);

    const image = (await imagesOf("half")).find(({ RepoTags }) => RepoTags?.[0]?.includes("/queue:"));
    await (await engine()).getImage(image!.RepoTags![0]!).remove({ force: true });
    const anew = await run(stack);
    expect(anew.snapshot).to.have.property("restored", false);
    expect(anew.printed).not.to.equal(printed);
  });

  describe("of a server whose data cannot be read", () => {
    let said: readonly string[] = [];
    before("it has been tried", async () => {
      ({ said } = await run(stackOf("unread", { data: "/missing" }), { times: 2 }));
    });

    it("says so, once in a run", () => {
      expect(said).to.have.lengthOf(1);
      expect(said[0]).to.include(
        none("unread", "SNAPSHOT_FAILED: db: its data, /missing, cannot be copied: cp: cannot stat '/missing/.'"),
      );
    });

    it("leaves no image", async () => {
      expect(await allOf("unread")).to.deep.equal([]);
    });

    it("is not tried by the next run, which says so again", async () => {
      const again = await run(stackOf("unread", { data: "/missing" }));
      expect(again.said).to.deep.equal(said);
      expect(again.snapshot).not.to.have.property("key");
    });
  });

  it("is done though something could not be stopped before, which the end of the run tells", async () => {
    const stop = async (): Promise<void> => {
      throw new Error("the socket is stuck");
    };
    const stack = stackOf("stuck", {
      beside: ({ service }) => service("stuck", () => ({ start: async () => ({ stop }) })),
    });
    await expect(run(stack)).to.be.rejectedWith(/^RELEASE_FAILED: .*the socket is stuck/);
    expect(await imagesOf("stuck")).to.have.lengthOf(1);
  });

  it("says why there is none, once, and does not try", async () => {
    const stack = stackOf("stream", {
      change: (made) => made.withCopyContentToContainer([{ content: Readable.from(["a"]), target: "/a" }]),
    });
    const { said } = await run(stack, { times: 2 });
    expect(said).to.deep.equal([none("stream", "seed copies a stream to /a, and a stream can be read only once")]);
  });

  describe("of a stack that mounts a file", () => {
    const mounting = (name: string): Stack =>
      stackOf(name, { change: (made) => made.withBindMounts([{ source: file, target: "/file" }]) });

    it("does not try when that was edited since the start", async () => {
      const { said } = await run(mounting("edited"), { whenUp: () => writeFile(file, "two") });
      expect(said).to.deep.equal([none("edited", changed)]);
    });
  });

  it("does not try when the name of an image is another image's by now", async () => {
    const docker = await engine();
    const image = `${LOCAL}/snapshot/keep-${id}-renamed/own`;
    const reference = await referenceOf(NODE);
    const build = async (): Promise<void> => {
      const container = await docker.createContainer({ Image: reference });
      const changes = `LABEL keep-${id}=${randomUUID()}`;
      await container.commit({ repo: image, tag: "1", changes }).finally(() => container.remove({ force: true }));
    };
    await build();
    const { said } = await run(stackOf("renamed", { image: `${image}:1` }), { whenUp: build });
    expect(said).to.deep.equal([none("renamed", changed)]);
  });

  it("does not try when a factory makes another container each time", async () => {
    const { said } = await run(stackOf("random", { change: (made) => made.withEnvironment({ ID: randomUUID() }) }));
    expect(said).to.deep.equal([none("random", changed)]);
  });

  describe("in several runs at once", () => {
    const others = "another run is making one at this moment";
    let told: readonly Told[] = [];
    before("four have begun without one", async () => {
      const stack = stackOf("at-once");
      told = await Promise.all([run(stack), run(stack), run(stack), run(stack)]);
    });

    it("is done by one of them", () => {
      expect(told.filter(({ said }) => said.includes(keeping("at-once")))).to.have.lengthOf(1);
    });

    it("is left to that one by the others, which say so unless it is done by then", () => {
      const said = new Set(told.flatMap((each) => each.said));
      said.delete(keeping("at-once"));
      said.delete(none("at-once", others));
      expect([...said]).to.deep.equal([]);
    });

    it("leaves one image", async () => {
      expect(await imagesOf("at-once")).to.have.lengthOf(1);
      expect(await namelessOf("at-once")).to.deep.equal([]);
    });

    it("is not done again by one that began before it was done", async () => {
      const stack = stackOf("before");
      const { said } = await run(stack, { whenUp: async () => void (await run(stack)) });
      expect(said).to.deep.equal([]);
      expect(await namelessOf("before")).to.deep.equal([]);
    });

    it("is not done while another has the stack's lock", async () => {
      const unlock = lockStack(`stackspec-keep-${id}-locked-snapshot`);
      const { said } = await run(stackOf("locked")).finally(unlock);
      expect(said).to.deep.equal([none("locked", others)]);
    });
  });

  /** Images of a stack's snapshots that have no name. */
  async function namelessOf(name: string): Promise<string[]> {
    const filters = { label: [`${SNAPSHOT_STACK_LABEL}=keep-${id}-${name}`], dangling: ["true"] };
    return (await (await engine()).listImages({ filters })).map(({ Id }) => Id);
  }

  describe("where one was cut off, or written over", () => {
    /** Leaves such an image of each stack. */
    async function leaveNameless(...names: string[]): Promise<void> {
      const docker = await engine();
      for (const name of names) {
        const Labels = {
          [SNAPSHOT_STACK_LABEL]: `keep-${id}-${name}`,
          [SNAPSHOT_LABEL]: "0123456789ab",
          [`keep-${id}`]: "",
        };
        const container = await docker.createContainer({ Image: await referenceOf(NODE), Labels });
        await container.commit({ pause: false });
        await container.remove();
      }
    }
    before("there are such images", () => leaveNameless("cut-off", "not-ours"));

    it("evicts what nobody can restore", async () => {
      expect(await namelessOf("cut-off")).to.have.lengthOf(1);
      await run(stackOf("cut-off"));
      expect(await namelessOf("cut-off")).to.deep.equal([]);
    });

    it("leaves alone what another run may be writing, of another stack", async () => {
      expect(await namelessOf("not-ours")).to.have.lengthOf(1);
    });
  });

  it("evicts those of its own project only, another of which may have a stack of this name", async () => {
    const docker = await engine();
    const name = `keep-${id}-namesake`;
    for (const project of ["another", "stackspec"]) {
      const Labels = { [SNAPSHOT_STACK_LABEL]: name, [SNAPSHOT_LABEL]: "0123456789ab", [PROJECT_LABEL]: project };
      const container = await docker.createContainer({ Image: await referenceOf(NODE), Labels });
      await container.commit({ pause: false, repo: `${LOCAL}/snapshot/${name}/${project}`, tag: "0123456789ab" });
      await container.remove();
    }
    await run(stackOf("namesake"), { environment: { STACKSPEC_SNAPSHOTS_KEPT: "0" } });
    const left = (await allOf("namesake")).map(({ Labels }) => Labels[PROJECT_LABEL]);
    expect(left).to.deep.equal(["another"]);
  });

  it("evicts those of its own stack only", async () => {
    await run(stackOf("mine"));
    await run(stackOf("yours"), { environment: { STACKSPEC_SNAPSHOTS_KEPT: "0" } });
    expect(await imagesOf("mine")).to.have.lengthOf(1);
  });
});
