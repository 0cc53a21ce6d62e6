import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { MariaDbContainer } from "@testcontainers/mariadb";
import { MySqlContainer } from "@testcontainers/mysql";
import type { StartedMySqlContainer } from "@testcontainers/mysql";
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import { RedisContainer } from "@testcontainers/redis";
import { ValkeyContainer } from "@testcontainers/valkey";
import { expect } from "chai";
import fc from "fast-check";
import { defineStack, started } from "stackspec";
import type { StackBuilder } from "../../src/stack/define-stack.ts";
import { GenericContainer, PullPolicy, Wait } from "testcontainers";
import type { StartedTestContainer } from "testcontainers";
import { FIELDS } from "../../src/engine/container/internals.ts";
import { derivePassword } from "../../src/engine/docker/secret.ts";
import { keyOfNodes, snapshotKey } from "../../src/engine/snapshot/key.ts";
import type { Key } from "../../src/engine/snapshot/key.ts";
import type { Node, Stack, TaskOptions } from "../../src/stack/stack.ts";

const IMAGE = "example:1";

/** The key of a stack whose images have the digest that is given for their name. */
async function keyOf(stack: Stack, digests: Record<string, string> = {}, local = true): Promise<Key | undefined> {
  const made = new Map<Node, unknown>();
  for (const node of stack.nodes) {
    const image = typeof node.options.image === "string" ? node.options.image : "";
    const never = new Promise<never>(() => {});
    const value = node.create({ image, started: () => never, url: () => "", database: <T>(name: T) => name });
    if (!(value instanceof Promise)) made.set(node, value);
  }
  return snapshotKey(stack, made, {
    local: async () => local,
    imageOf: async ({ options: { image } }) =>
      typeof image === "string"
        ? { name: image, reference: image, digest: digests[image] ?? `sha256:${image}`, origin: "local" }
        : undefined,
  });
}

/** A stack with a task and the volume that it writes. */
function stackOf(change: (container: GenericContainer) => unknown = () => {}): Stack {
  return defineStack("keyed", (stack) => {
    const data = stack.volume("data");
    const mounts = [data.at("/data")];
    stack.task("seed", ({ image }) => changed(new GenericContainer(image), change), { image: IMAGE, mounts });
    stack.service("web", ({ image }) => new GenericContainer(image), { image: "web:1", mounts });
    return {};
  });
}

function changed<C extends GenericContainer>(container: C, change: (container: C) => unknown): C {
  change(container);
  return container;
}

describe("the key of a snapshot", () => {
  let folder = "";
  before("make a folder", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-key-"));
  });
  after("remove it", () => rm(folder, { recursive: true }));

  /** A file or a folder of this machine, at a path that nobody else has. */
  async function onDisk(content: string | Record<string, string>): Promise<string> {
    const path = join(folder, randomUUID());
    if (typeof content === "string") await writeFile(path, content);
    else {
      await mkdir(path);
      for (const [name, text] of Object.entries(content)) await writeFile(join(path, name), text);
    }
    return path;
  }

  describe("of any container", () => {
    const word = fc.stringMatching(/^[a-z]{1,4}$/);
    const words = fc.array(word, { maxLength: 3 });
    const path = word.map((name) => `/${name}`);
    const mode = fc.constantFrom(undefined, 0o644, 0o755);
    const file = fc.record({ content: word, target: path, mode });
    const tree = fc.dictionary(word, word, { maxKeys: 3 });

    /** What a container can be told: any value of it, and how it is told that. */
    interface Input<T> {
      readonly values: fc.Arbitrary<T>;
      readonly tell: (container: GenericContainer, value: T) => unknown;
    }
    const input = <T>(values: fc.Arbitrary<T>, tell: Input<T>["tell"]): Input<never> =>
      ({ values, tell }) as unknown as Input<never>;

    const INPUTS = {
      "command, and its order": input(words, (made, value) => made.withCommand(value)),
      entrypoint: input(words, (made, value) => made.withEntrypoint(value)),
      "environment, and its order": input(fc.array(fc.tuple(word, word), { maxLength: 3 }), (made, value) => {
        for (const [name, text] of value) made.withEnvironment({ [name]: text });
      }),
      user: input(word, (made, value) => made.withUser(value)),
      "working directory": input(path, (made, value) => made.withWorkingDir(value)),
      platform: input(word, (made, value) => made.withPlatform(value)),
      hostname: input(word, (made, value) => made.withHostname(value)),
      name: input(word, (made, value) => made.withName(value)),
      labels: input(fc.dictionary(word, word), (made, value) => made.withLabels(value)),
      "health check": input(word, (made, value) => made.withHealthCheck({ test: ["CMD-SHELL", value] })),
      tmpfs: input(fc.dictionary(path, word), (made, value) => made.withTmpFs(value)),
      limits: input(fc.record({ memory: fc.nat(9), cpu: fc.nat(9) }), (made, value) => made.withResourcesQuota(value)),
      "shared memory": input(fc.nat(), (made, value) => made.withSharedMemorySize(value)),
      "open files": input(fc.nat(), (made, hard) => made.withUlimits({ nofile: { hard, soft: 1 } })),
      capabilities: input(words, (made, value) => made.withAddedCapabilities(...value)),
      "dropped capabilities": input(words, (made, value) => made.withDroppedCapabilities(...value)),
      "security options": input(words, (made, value) => made.withSecurityOpt(...value)),
      privileges: input(fc.boolean(), (made, value) => value && made.withPrivilegedMode()),
      "IPC mode": input(word, (made, value) => made.withIpcMode(value)),
      "other hosts": input(word, (made, host) => made.withExtraHosts([{ host, ipAddress: "10.0.0.1" }])),
      aliases: input(words, (made, value) => made.withNetworkAliases(...value)),
      ports: input(fc.uniqueArray(fc.integer({ min: 1, max: 9 })), (made, value) => made.withExposedPorts(...value)),
      "copied content, and its order": input(fc.array(file, { maxLength: 2 }), (made, value) =>
        made.withCopyContentToContainer(value as { content: string; target: string }[]),
      ),
      "copied bytes": input(fc.uint8Array(), (made, value) =>
        made.withCopyContentToContainer([{ content: Buffer.from(value), target: "/bytes" }]),
      ),
      "copied files, and their order": input(fc.array(file, { maxLength: 2 }), async (made, value) => {
        for (const { content, ...rest } of value)
          made.withCopyFilesToContainer([{ source: await onDisk(content), ...(rest as { target: string }) }]);
      }),
      "copied folders": input(fc.record({ content: tree, target: path }), async (made, { content, target }) =>
        made.withCopyDirectoriesToContainer([{ source: await onDisk(content), target }]),
      ),
      "owners of what is copied": input(fc.boolean(), (made, copyUIDGID) =>
        made.withCopyToContainerOptions({ copyUIDGID }),
      ),
      "mounted files and folders, and their order": input(
        fc.array(
          fc.record({
            content: fc.oneof(word, tree),
            target: path,
            mode: fc.constantFrom("ro" as const, "rw" as const),
          }),
          { maxLength: 2 },
        ),
        async (made, value) => {
          const mounts = value.map(async ({ content, ...rest }) => ({ ...rest, source: await onDisk(content) }));
          made.withBindMounts(await Promise.all(mounts));
        },
      ),
    };
    type Name = keyof typeof INPUTS;
    const names = Object.keys(INPUTS) as Name[];
    const values = fc.record(
      Object.fromEntries(names.map((name) => [name, fc.option(INPUTS[name].values, { nil: undefined })])),
    );

    async function keyOfValues(told: Record<string, unknown>): Promise<string> {
      const container = new GenericContainer(IMAGE);
      for (const name of names) if (told[name] !== undefined) await INPUTS[name].tell(container, told[name] as never);
      const stack = defineStack("any", ({ task }) => ({ work: task("work", () => container, { image: IMAGE }) }));
      const [node] = stack.nodes;
      const image = { name: IMAGE, reference: IMAGE, digest: "sha256:1", origin: "local" } as const;
      const { key, reason } = await keyOfNodes([node!], new Map([[node!, container]]), {
        local: async () => true,
        imageOf: async () => image,
      });
      expect(reason).to.equal(undefined);
      return key!;
    }

    it("is the same for the same input, wherever it lies", async () => {
      await fc.assert(
        fc.asyncProperty(values, async (told) => {
          expect(await keyOfValues(told)).to.equal(await keyOfValues(told));
        }),
        { numRuns: 15 },
      );
    });

    for (const name of names)
      it(`is another for another of: ${name}`, async () => {
        await fc.assert(
          fc.asyncProperty(values, INPUTS[name].values, INPUTS[name].values, async (told, one, other) => {
            fc.pre(!isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other))));
            const [first, second] = await Promise.all(
              [one, other].map((value) => keyOfValues({ ...told, [name]: value })),
            );
            expect(first).not.to.equal(second);
          }),
          { numRuns: 8 },
        );
      });
  });

  describe("of a stack", () => {
    let usual: Key | undefined;
    before("the usual key is known", async () => {
      usual = await keyOf(stackOf());
      expect(usual)
        .to.have.property("key")
        .that.matches(/^[0-9a-f]{12}$/);
    });

    it("is the same in the next run", async () => {
      expect(await keyOf(stackOf())).to.deep.equal(usual);
    });

    it("is another when the image of a task has another digest", async () => {
      expect(await keyOf(stackOf(), { [IMAGE]: "sha256:2" })).not.to.deep.equal(usual);
    });

    it("is the same when the image of a service that holds only its volumes has another digest: they are put on that", async () => {
      expect(await keyOf(stackOf(), { "web:1": "sha256:2" })).to.deep.equal(usual);
    });

    it("is another when the image of a service that holds its data has another digest", async () => {
      const stack = defineStack("data", ({ service, task }) => {
        const db = service("db", ({ image }) => new GenericContainer(image), { image: "db:1", data: "/data" });
        task("seed", ({ image }) => new GenericContainer(image), { image: IMAGE, after: [db] });
        return {};
      });
      expect(await keyOf(stack, { "db:1": "sha256:2" })).not.to.deep.equal(await keyOf(stack));
    });

    describe("whose task says what it comes from", () => {
      const taskFrom = (inputs: string): Stack =>
        defineStack("inputs", (stack) => {
          const mounts = [stack.volume("data").at("/data")];
          stack.task("seed", ({ image }) => new GenericContainer(image), { image: IMAGE, mounts, inputs: [inputs] });
          stack.service("web", ({ image }) => new GenericContainer(image), { image: "web:1", mounts });
          return {};
        });

      it("is the same for another image", async () => {
        const stack = taskFrom(await onDisk("one"));
        expect(await keyOf(stack, { [IMAGE]: "sha256:2" })).to.deep.equal(await keyOf(stack));
      });

      it("is another when that has another content", async () => {
        const [one, two] = [await keyOf(taskFrom(await onDisk("one"))), await keyOf(taskFrom(await onDisk("two")))];
        expect(one).not.to.deep.equal(two);
      });
    });

    it("is another when the digest in the name of an image is another", async () => {
      const pinned = (digest: string) =>
        keyOf(
          defineStack("pinned", (stack) => {
            const mounts = [stack.volume("data").at("/data")];
            stack.task("seed", () => new GenericContainer(`example@sha256:${digest}`), { mounts });
            stack.service("web", ({ image }) => new GenericContainer(image), { image: "web:1", mounts });
            return {};
          }),
        );
      const [one, other] = [await pinned("1".repeat(64)), await pinned("2".repeat(64))];
      expect([one?.reason, other?.reason]).to.deep.equal([undefined, undefined]);
      expect(one).not.to.deep.equal(other);
    });

    it("is the same with empty lists of what comes before, mounts and networks as with none", async () => {
      const seeded = (options: TaskOptions) =>
        keyOf(
          defineStack("empty", (stack) => {
            stack.task("seed", ({ image }) => new GenericContainer(image), { image: IMAGE, ...options });
            stack.service("web", ({ image }) => new GenericContainer(image), { image: "web:1", data: "/data" });
            return {};
          }),
        );
      expect(await seeded({ after: [], mounts: [], networks: [] })).to.deep.equal(await seeded({}));
    });

    it("does not depend on labels that runs give", async () => {
      const label = { "dev.stackspec.run": "1", "org.testcontainers.lang": "node" };
      expect(await keyOf(stackOf((made) => made.withLabels(label)))).to.deep.equal(usual);
    });

    it("does not depend on when a container is ready", async () => {
      const ready = (made: GenericContainer) => made.withWaitStrategy(Wait.forLogMessage("up")).withStartupTimeout(1);
      expect(await keyOf(stackOf(ready))).to.deep.equal(usual);
    });

    it("is undefined for a stack with nothing to keep", async () => {
      const stack = defineStack("bare", ({ service }) => ({
        web: service("web", () => new GenericContainer(IMAGE), { image: IMAGE }),
      }));
      expect(await keyOf(stack)).to.equal(undefined);
    });

    /** Each declares the same parts but for one thing. */
    interface Difference {
      readonly taskFirst?: boolean;
      readonly data?: string;
      readonly durable?: boolean;
      readonly path?: string;
      readonly mode?: "ro" | "rw";
      readonly heldAt?: string;
      readonly waits?: "ready" | "running";
      readonly network?: "other" | "third";
      readonly writable?: readonly string[];
      readonly password?: string;
    }
    function parts(stack: StackBuilder, difference: Difference) {
      const { data = "/var/lib/mysql", durable = false, path = "/data", mode = "rw", heldAt = "/srv" } = difference;
      const { waits = "ready", network, writable, password = "a", taskFirst = false } = difference;
      const volume = stack.volume("volume");
      const db = stack.service("db", ({ image }) => new MySqlContainer(image).withRootPassword(password), {
        image: "mysql:9.7",
        data,
        durable,
      });
      const networks = { other: stack.network("other"), third: stack.network("third") };
      const options = {
        image: IMAGE,
        after: [waits === "ready" ? db : started(db)],
        mounts: [volume.at(path, mode)],
        networks: network ? [networks[network]] : [],
        ...(writable && { sandbox: { writable } }),
      };
      for (const task of taskFirst ? ["b", "a"] : ["a", "b"])
        stack.task(task, ({ image }) => new GenericContainer(image), options);
      stack.service("web", ({ image }) => new GenericContainer(image), {
        image: "web:1",
        mounts: [volume.at(heldAt)],
      });
      return {};
    }
    const DIFFERENCES: Record<string, Difference> = {
      "the order of tasks": { taskFirst: true },
      "a data directory": { data: "/elsewhere" },
      "whether a database is durable": { durable: true },
      "where a task has a volume": { path: "/elsewhere" },
      "whether a task may write to a volume": { mode: "ro" },
      "where the service that holds a volume has it": { heldAt: "/elsewhere" },
      "what a task waits for": { waits: "running" },
      "a task's networks": { network: "other" },
      "a sandbox": { writable: [] },
      "what a sandbox lets write": { writable: ["/tmp"] },
      "what a module keeps for its start, such as a password": { password: "b" },
    };
    it("is known for each of these", async () => {
      const keys = await Promise.all(
        [{}, ...Object.values(DIFFERENCES)].map((each) => keyOf(defineStack("parts", (stack) => parts(stack, each)))),
      );
      expect(keys.filter((key) => key?.key === undefined)).to.deep.equal([]);
    });
    for (const [what, difference] of Object.entries(DIFFERENCES))
      it(`is another for another of: ${what}`, async () => {
        const same = await keyOf(defineStack("parts", (stack) => parts(stack, {})));
        expect(await keyOf(defineStack("parts", (stack) => parts(stack, difference)))).not.to.deep.equal(same);
      });

    for (const [what, one, other] of [
      ["network of a task", { network: "other" }, { network: "third" }],
      ["path that a sandbox lets write", { writable: ["/tmp"] }, { writable: ["/run"] }],
    ] as const)
      it(`is another for another ${what}`, async () => {
        const [first, second] = await Promise.all(
          [one, other].map((difference) => keyOf(defineStack("parts", (stack) => parts(stack, difference)))),
        );
        expect(first).not.to.deep.equal(second);
      });

    /** Each copies or mounts the same, but for one thing. */
    const COPIES: Record<string, (container: GenericContainer, source: string, other: boolean) => unknown> = {
      "where content is copied to": (made, _, other) =>
        made.withCopyContentToContainer([{ content: "a", target: other ? "/b" : "/a" }]),
      "the mode of copied content": (made, _, other) =>
        made.withCopyContentToContainer([{ content: "a", target: "/a", mode: other ? 0o644 : 0o600 }]),
      "where a folder is copied to": (made, source, other) =>
        made.withCopyDirectoriesToContainer([{ source, target: other ? "/b" : "/a" }]),
      "the mode of a copied folder": (made, source, other) =>
        made.withCopyDirectoriesToContainer([{ source, target: "/a", mode: other ? 0o755 : 0o700 }]),
      "where a file is copied to": (made, source, other) =>
        made.withCopyFilesToContainer([{ source: join(source, "a"), target: other ? "/b" : "/a" }]),
      "the mode of a copied file": (made, source, other) =>
        made.withCopyFilesToContainer([{ source: join(source, "a"), target: "/a", mode: other ? 0o644 : 0o600 }]),
      "where a folder is mounted": (made, source, other) =>
        made.withBindMounts([{ source, target: other ? "/b" : "/a" }]),
      "whether a mount may be written to": (made, source, other) =>
        made.withBindMounts([{ source, target: "/a", mode: other ? "ro" : "rw" }]),
    };
    for (const [what, copy] of Object.entries(COPIES))
      it(`is another for another of: ${what}`, async () => {
        const source = await onDisk({ a: "a" });
        const same = await keyOf(stackOf((made) => copy(made, source, false)));
        expect(await keyOf(stackOf((made) => copy(made, source, true)))).not.to.deep.equal(same);
      });

    it("is another when what is mounted has another mode", async () => {
      const source = await onDisk("text");
      const change = (made: GenericContainer) => made.withBindMounts([{ source, target: "/file" }]);
      const first = await keyOf(stackOf(change));
      await chmod(source, 0o600);
      expect(await keyOf(stackOf(change))).not.to.deep.equal(first);
    });

    it("is another when a file below a folder named dist has changed", async () => {
      const source = await onDisk({});
      await mkdir(join(source, "dist"));
      await writeFile(join(source, "dist/main.js"), "one");
      const change = (made: GenericContainer) => made.withCopyDirectoriesToContainer([{ source, target: "/app" }]);
      const first = await keyOf(stackOf(change));
      await writeFile(join(source, "dist/main.js"), "two");
      expect(await keyOf(stackOf(change))).not.to.deep.equal(first);
    });
  });

  describe("of a stack with a secret() as a password, on another machine", () => {
    const on = (machine: string, service: (stack: StackBuilder, password: string) => unknown) =>
      keyOf(
        defineStack("moved", (stack) => {
          const password = derivePassword("db", machine);
          service(stack, password);
          stack.task("seed", ({ image }) => new GenericContainer(image).withEnvironment({ PASSWORD: password }), {
            image: IMAGE,
          });
          return {};
        }),
      );
    const mysql = (stack: StackBuilder, password: string): unknown =>
      stack.service("db", ({ image }) => new MySqlContainer(image).withUserPassword(password), { image: "mysql:9.7" });

    it("is the same where a driver sets it anew", async () => {
      const { key } = (await on("one", mysql))!;
      expect(key).to.be.a("string");
      expect((await on("two", mysql))!.key).to.equal(key);
    });

    it("is another where nothing is known of what holds it", async () => {
      const unknown = (stack: StackBuilder, password: string): unknown =>
        stack.service("db", ({ image }) => new GenericContainer(image).withEnvironment({ PASSWORD: password }), {
          image: "example-db:1",
          data: "/data",
        });
      expect((await on("two", unknown))!.key).not.to.equal((await on("one", unknown))!.key);
    });
  });

  describe("of a container of another class", () => {
    class Seeded extends GenericContainer {
      file: string;
      constructor(image: string, file: string) {
        super(image);
        this.file = file;
      }
    }
    const stackFrom = (container: GenericContainer): Stack =>
      defineStack("module", (stack) => {
        const mounts = [stack.volume("data").at("/data")];
        stack.task("seed", () => container, { image: IMAGE });
        stack.service("web", ({ image }) => new GenericContainer(image), { image: "web:1", data: "/data", mounts });
        return {};
      });

    it("is another when a file has changed that one of its fields names", async () => {
      const file = await onDisk("one");
      const first = await keyOf(stackFrom(new Seeded(IMAGE, file)));
      await writeFile(file, "two");
      expect(await keyOf(stackFrom(new Seeded(IMAGE, file)))).not.to.deep.equal(first);
    });

    it("cannot be known when one of its fields names a file that cannot be read", async function () {
      // The one file that nobody reads from its start, not even root.
      if (process.platform !== "linux") this.skip();
      const { reason } = (await keyOf(stackFrom(new Seeded(IMAGE, "/proc/self/mem"))))!;
      expect(reason).to.match(/^seed names \/proc\/self\/mem: EIO/);
    });

    it("is another when a file has changed in a folder that one of its fields names", async () => {
      const source = await onDisk({ "seed.sql": "one" });
      const first = await keyOf(stackFrom(new Seeded(IMAGE, source)));
      expect(first).to.have.property("key");
      await writeFile(join(source, "seed.sql"), "two");
      expect(await keyOf(stackFrom(new Seeded(IMAGE, source)))).not.to.deep.equal(first);
    });

    for (const name of ["src", "/"])
      it(`is known when one of its fields is "${name}", which need not be a folder's name`, async () => {
        expect(await keyOf(stackFrom(new Seeded(IMAGE, name)))).to.have.property("key");
      });

    it("is another when the source of its class is another", async () => {
      class One extends GenericContainer {
        withSeed = "one";
      }
      class Other extends GenericContainer {
        seed(): string {
          return "other";
        }
      }
      const [one, other] = await Promise.all([new One(IMAGE), new Other(IMAGE)].map((made) => keyOf(stackFrom(made))));
      expect(one).to.have.property("key");
      expect(other).to.have.property("key");
      expect(one).not.to.deep.equal(other);
    });

    it("cannot be known when its class copies a path of its own choice at its start", async () => {
      class Literal extends GenericContainer {
        override async start(): Promise<StartedTestContainer> {
          return this.withCopyFilesToContainer([{ source: "/etc/hostname", target: "/seed" }]).start();
        }
      }
      expect((await keyOf(stackFrom(new Literal(IMAGE))))?.reason).to.match(/^seed has a class with its own start\(\)/);
    });

    it("cannot be known when its class uses a variable from outside of it before it is created", async () => {
      const content = "one";
      class Captured extends GenericContainer {
        protected override async beforeContainerCreated(): Promise<void> {
          this.withCopyContentToContainer([{ content, target: "/seed" }]).withEnvironment({ SEED: content });
        }
      }
      expect((await keyOf(stackFrom(new Captured(IMAGE))))?.reason).to.equal(
        "seed has a class with its own beforeContainerCreated(), which may use what nobody else sees: say in the constructor what it copies, mounts and sets",
      );
    });

    it("cannot be known when its class extends a package's with a start of its own", async () => {
      class Ours extends MySqlContainer {
        override async start(): Promise<StartedMySqlContainer> {
          this.withEnvironment({ SEED: process.env["SEED"] ?? "" });
          return super.start();
        }
      }
      expect((await keyOf(stackFrom(new Ours(IMAGE))))?.reason).to.match(/^seed has a class with its own start\(\)/);
    });

    it("is known when its class only wraps what it has started", async () => {
      class StartedOurs {
        readonly up: StartedTestContainer;
        readonly user: string;
        constructor(up: StartedTestContainer, user: string) {
          this.up = up;
          this.user = user;
        }
      }
      class Ours extends GenericContainer {
        user = "me";
        override async start(): Promise<StartedTestContainer> {
          const up = await super.start();
          return new StartedOurs(up, this.user) as unknown as StartedTestContainer;
        }
      }
      class Terse extends Ours {
        override async start(): Promise<StartedTestContainer> {
          return super.start();
        }
      }
      for (const Each of [Ours, Terse]) expect(await keyOf(stackFrom(new Each(IMAGE)))).to.have.property("key");
    });

    it("cannot be known when its class does more than wrap", async () => {
      const seed = (up: StartedTestContainer): StartedTestContainer => up;
      class Calls extends GenericContainer {
        override async start(): Promise<StartedTestContainer> {
          return seed(await super.start());
        }
      }
      class Runs extends GenericContainer {
        override async start(): Promise<StartedTestContainer> {
          const up = await super.start();
          await up.exec(["seed"]);
          return up;
        }
      }
      class Sets extends GenericContainer {
        override async start(): Promise<StartedTestContainer> {
          this.createOpts.Env = ["SEED=one"];
          return super.start();
        }
      }
      for (const Each of [Calls, Runs, Sets])
        expect((await keyOf(stackFrom(new Each(IMAGE))))?.reason).to.match(/^seed has a class with its own start\(\)/);
    });

    for (const Module of [
      MariaDbContainer,
      MySqlContainer,
      PostgreSqlContainer,
      RabbitMQContainer,
      RedisContainer,
      ValkeyContainer,
    ])
      it(`is known of Testcontainers' ${Module.name}, and of a class that adds no start to it`, async () => {
        const Base: new (image: string) => GenericContainer = Module;
        class Ours extends Base {}
        expect(await keyOf(stackFrom(new Module(IMAGE)))).to.have.property("key");
        expect(await keyOf(stackFrom(new Ours(IMAGE)))).to.have.property("key");
      });

    it("cannot be known when it has private fields", async () => {
      class Private extends GenericContainer {
        #secret = "a";
        protected override async beforeContainerCreated(): Promise<void> {
          this.withCommand([this.#secret]);
        }
      }
      expect((await keyOf(stackFrom(new Private(IMAGE))))?.reason).to.match(/^seed has a class with private fields/);
    });

    it("cannot be known when it keeps what is no data", async () => {
      const container = Object.assign(new GenericContainer(IMAGE), { later: () => "a" });
      expect((await keyOf(stackFrom(container)))?.reason).to.match(
        /^seed keeps in its field later what is no plain data/,
      );
    });

    it("cannot be known when it asks the engine for what the list does not have", async () => {
      const container = new GenericContainer(IMAGE);
      Object.assign((container as unknown as { hostConfig: object }).hostConfig, { VolumesFrom: ["other"] });
      expect((await keyOf(stackFrom(container)))?.reason).to.match(/^seed sets hostConfig.VolumesFrom/);
    });
  });

  describe("cannot be known, and says why, for", () => {
    const reasonOf = async (change: (container: GenericContainer) => unknown, local = true) =>
      (await keyOf(stackOf(change), {}, local))?.reason;

    it("a stream to copy", async () => {
      const content = Readable.from(["a"]);
      const change = (made: GenericContainer) => made.withCopyContentToContainer([{ content, target: "/a" }]);
      expect(await reasonOf(change)).to.equal("seed copies a stream to /a, and a stream can be read only once");
    });

    it("an archive to copy", async () => {
      const tar = Readable.from(["a"]);
      const change = (made: GenericContainer) => made.withCopyArchivesToContainer([{ tar, target: "/a" }]);
      expect(await reasonOf(change)).to.equal("seed copies an archive to /a, and an archive can be read only once");
    });

    it("an image that is pulled at each start", async () => {
      const reason = await reasonOf((made) => made.withPullPolicy(PullPolicy.alwaysPull()));
      expect(reason).to.match(/^seed pulls its image at each start/);
    });

    it("the mount of a socket", async () => {
      const source = join(folder, "engine.sock");
      const server = createServer().listen(source);
      await once(server, "listening");
      const reason = await reasonOf((made) => made.withBindMounts([{ source, target: "/engine.sock" }]));
      server.close();
      expect(reason).to.match(/^seed mounts .*engine\.sock: .* is neither a file, a folder nor a link/);
    });

    it("the mount of more than is read at each start", async () => {
      const source = await onDisk("");
      await truncate(source, 1024 ** 3 + 1);
      const reason = await reasonOf((made) => made.withBindMounts([{ source, target: "/big" }]));
      expect(reason).to.match(/^seed mounts .* holds more than 10000 files or 1024 MiB$/);
    });

    it("the mount of a volume that the stack does not declare", async () => {
      const reason = await reasonOf((made) => made.withBindMounts([{ source: "cache", target: "/cache" }]));
      expect(reason).to.equal("seed mounts cache, a volume whose content only the engine knows");
    });

    it("a mount where the engine is on another machine", async () => {
      const source = await onDisk("text");
      const reason = await reasonOf((made) => made.withBindMounts([{ source, target: "/file" }]), false);
      expect(reason).to.match(/^seed mounts .* of the engine's machine, which is not this one$/);
    });

    it("an image that was not declared", async () => {
      const stack = defineStack("other", (builder) => {
        builder.task("seed", () => new GenericContainer("other:1"), { image: IMAGE });
        builder.service("web", ({ image }) => new GenericContainer(image), { image: "web:1", data: "/data" });
        return {};
      });
      expect((await keyOf(stack))?.reason).to.match(/^seed runs other:1, which its option `image` does not name/);
    });

    it("an image where none was declared", async () => {
      const stack = defineStack("none", (builder) => {
        builder.task("seed", () => new GenericContainer("other:1"));
        builder.service("web", ({ image }) => new GenericContainer(image), { image: "web:1", data: "/data" });
        return {};
      });
      expect((await keyOf(stack))?.reason).to.match(/^seed runs other:1, which its option `image` does not name/);
    });

    it("a task of this process", async () => {
      const stack = defineStack("here", (builder) => {
        builder.task("seed", () => undefined);
        builder.service("web", ({ image }) => new GenericContainer(image), { image: "web:1", data: "/data" });
        return {};
      });
      expect((await keyOf(stack))?.reason).to.equal("seed runs in this process");
    });

    it("a container that is made from another's started value", async () => {
      const stack = defineStack("late", (builder) => {
        const web = builder.service("web", ({ image }) => new GenericContainer(image), {
          image: "web:1",
          data: "/data",
        });
        builder.task("seed", async ({ image, started: up }) => {
          await up(web);
          return new GenericContainer(image);
        });
        return {};
      });
      expect((await keyOf(stack))?.reason).to.equal("seed is made from another's started value");
    });

    it("tasks whose work nothing holds", async () => {
      const stack = defineStack("lost", ({ task }) => ({
        seed: task("seed", ({ image }) => new GenericContainer(image), { image: IMAGE }),
      }));
      expect((await keyOf(stack))?.reason).to.match(/^of no service is the data directory known/);
    });
  });

  it("is refused when a file to copy does not exist", async () => {
    const change = (made: GenericContainer) =>
      made.withCopyFilesToContainer([{ source: join(folder, "nothing"), target: "/file" }]);
    await expect(keyOf(stackOf(change)))
      .to.be.rejectedWith(`seed: copies ${join(folder, "nothing")}, which does not exist`)
      .and.eventually.include({ code: "FILE_MISSING", hint: "check the path in its declaration" });
  });

  it("comes to an end where a mounted folder has a link that leads back", async () => {
    const source = await onDisk({ a: "a" });
    await symlink(".", join(source, "loop"));
    const change = (made: GenericContainer) => made.withBindMounts([{ source, target: "/folder" }]);
    await expect(keyOf(stackOf(change))).to.eventually.have.property("key");
  });
});

describe("the list of what a key is made from", () => {
  /** Every method of a container that tells it something, with something to tell it. */
  const TOLD: Record<string, readonly unknown[]> = {
    withAddedCapabilities: ["NET_ADMIN"],
    withAutoCleanup: [false],
    withAutoRemove: [false],
    withBindMounts: [[{ source: "/a", target: "/b" }]],
    withCommand: [["a"]],
    withCopyArchivesToContainer: [[]],
    withCopyContentToContainer: [[]],
    withCopyDirectoriesToContainer: [[]],
    withCopyFilesToContainer: [[]],
    withCopyToContainerOptions: [{}],
    withDefaultLogDriver: [],
    withDroppedCapabilities: ["ALL"],
    withEntrypoint: [["a"]],
    withEnvironment: [{ A: "a" }],
    withExposedPorts: [80],
    withExtraHosts: [[{ host: "a", ipAddress: "10.0.0.1" }]],
    withHealthCheck: [{ test: ["CMD", "true"] }],
    withHostname: ["a"],
    withIpcMode: ["host"],
    withLabels: [{ a: "a" }],
    withLogConsumer: [() => {}],
    withName: ["a"],
    withNetwork: [{ getName: () => "a" }],
    withNetworkAliases: ["a"],
    withNetworkMode: ["a"],
    withPlatform: ["a"],
    withPrivilegedMode: [],
    withPullPolicy: [PullPolicy.defaultPolicy()],
    withResourcesQuota: [{ memory: 1, cpu: 1 }],
    withReuse: [],
    withSecurityOpt: ["a"],
    withSharedMemorySize: [1],
    withStartupTimeout: [1],
    withTmpFs: [{ "/a": "rw" }],
    withUlimits: [{ nofile: { hard: 1, soft: 1 } }],
    withUser: ["a"],
    withWaitStrategy: [Wait.forListeningPorts()],
    withWorkingDir: ["/a"],
  };
  const methods = Object.getOwnPropertyNames(GenericContainer.prototype).filter((name) => name.startsWith("with"));
  const container = new GenericContainer(IMAGE) as unknown as Record<string, unknown>;
  for (const method of methods) (container[method] as (...words: unknown[]) => unknown)?.(...(TOLD[method] ?? [{}]));
  const { told, read, ignored, createOpts, hostConfig } = FIELDS;

  const lists: Record<string, [found: readonly string[], known: readonly string[]]> = {
    "methods of GenericContainer": [methods, Object.keys(TOLD)],
    "fields of GenericContainer": [Object.keys(container), [...told, ...read, ...ignored]],
    "options of the container": [Object.keys(container["createOpts"] as object), createOpts],
    "options of its host": [Object.keys(container["hostConfig"] as object), hostConfig],
  };
  for (const [what, [found, known]] of Object.entries(lists)) {
    it(`knows all ${what}`, () => {
      const news = found.filter((name) => !known.includes(name));
      expect(
        news,
        `Testcontainers has ${what} that are new: ${news.join(", ")}. Say in engine/container/internals.ts whether they are part of a snapshot's key`,
      ).to.deep.equal([]);
    });

    it(`knows no ${what} that are gone`, () => {
      const gone = known.filter((name) => !found.includes(name));
      expect(
        gone,
        `Testcontainers no longer has these ${what}: ${gone.join(", ")}. Look in engine/container/internals.ts what takes their place`,
      ).to.deep.equal([]);
    });
  }
});
