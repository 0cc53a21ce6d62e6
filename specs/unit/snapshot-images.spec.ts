import { MySqlContainer } from "@testcontainers/mysql";
import { expect } from "chai";
import { defineStack, imageFrom } from "stackspec";
import type { StackBuilder } from "../../src/stack/define-stack.ts";
import { GenericContainer } from "testcontainers";
import { derivePassword } from "../../src/engine/docker/secret.ts";
import { serverLayers, snapshotKey } from "../../src/engine/snapshot/key.ts";
import type { ResolvedImage } from "../../src/images/resolve.ts";
import type { ImageSource } from "../../src/stack/image.ts";
import type { Node, Stack } from "../../src/stack/stack.ts";

type Found = Pick<ResolvedImage, "origin" | "digest">;

const DB = "db:1";
const environment = { POSTGRES_PASSWORD: "x" };

/** A stack and its containers, as its factories make them of images that are called as they are declared. */
function made(declare: (stack: StackBuilder) => void): { stack: Stack; containers: Map<Node, unknown> } {
  const stack = defineStack("kept", (parts) => {
    declare(parts);
    return {};
  });
  const containers = new Map<Node, unknown>();
  for (const node of stack.nodes) {
    const never = new Promise<never>(() => {});
    const image = nameOf(node.options.image);
    containers.set(node, node.create({ image, started: () => never, url: () => "", database: <T>(name: T) => name }));
  }
  return { stack, containers };
}

const nameOf = (image: ImageSource = ""): string => (typeof image === "string" ? image : `${image.name}:1`);
/** Images as they are found, or this one alone, and all others always the same. */
const contextOf = (found: Found, only?: ImageSource) => ({
  local: async () => true,
  imageOf: async ({ options: { image } }: Node) => ({
    name: nameOf(image),
    reference: nameOf(image),
    ...(only === undefined || image === only ? found : { origin: "local" as const, digest: "same" }),
  }),
});

/** A database, and a task in an image of its own. */
const migrated =
  (image: ImageSource, change: (task: GenericContainer) => unknown = () => {}) =>
  (stack: StackBuilder): void => {
    const create = ({ image: name }: { image: string }) => new GenericContainer(name).withEnvironment(environment);
    const db = stack.service("db", create, { image: DB, data: "/data" });
    const migrate = ({ image: name }: { image: string }) => {
      const container = new GenericContainer(name);
      change(container);
      return container;
    };
    stack.task("migrate", migrate, { image, after: [db] });
    stack.service("web", create, { image: "web:1", after: [db] });
  };

describe("the key of a snapshot, of an image with another digest on this machine", () => {
  const keyOf = async (image: ImageSource, found: Found) => {
    const { stack, containers } = made(migrated(image));
    return (await snapshotKey(stack, containers, contextOf(found, image)))?.key;
  };

  for (const [title, image, origin, isSame] of [
    ["is the same where it is built from Debian's packages, by its name", "app:1", "debian", true],
    ["is the same where it is built from this project, by its name", imageFrom("app", "containers/app"), "build", true],
    ["is another where its build may use the network", imageFrom("app", "app", { network: true }), "build", false],
    ["is another where it is a registry's", "app:1", "local", false],
  ] as const)
    it(title, async () => {
      const [one, other] = [await keyOf(image, { origin, digest: "a" }), await keyOf(image, { origin, digest: "b" })];
      expect(one).to.be.a("string");
      expect(one === other).to.equal(isSame);
    });
});

it("the key of a snapshot is another for another name of an image that names itself", async () => {
  const keyOf = async (image: string) => {
    const { stack, containers } = made(migrated(image));
    return (await snapshotKey(stack, containers, contextOf({ origin: "debian", digest: "a" })))?.key;
  };
  expect(await keyOf("app:1"))
    .to.be.a("string")
    .and.not.to.equal(await keyOf("app:2"));
});

describe("the layer of an initialised server", () => {
  const found: Found = { origin: "local", digest: "a" };
  const layersOf = async (declare: (stack: StackBuilder) => void, images: Found = found) => {
    const { stack, containers } = made(declare);
    return serverLayers(stack, containers, contextOf(images));
  };
  const keysOf = async (...words: Parameters<typeof layersOf>) => (await layersOf(...words)).map(({ key }) => key);

  it("is there for a service with data, which alone holds it, and no task is in it", async () => {
    const layers = await layersOf(migrated("app:1"));
    expect(
      layers.map(({ server, holders, tasks }) => [server?.name, holders.map(({ name }) => name), tasks]),
    ).to.deep.equal([["db", ["db"], []]]);
  });

  it("is the same after an edit of what the tasks do", async () => {
    const edited = migrated("app:2", (task) => task.withCommand(["migrate", "more"]));
    const keys = await keysOf(edited);
    expect(keys)
      .to.have.length(1)
      .and.to.deep.equal(await keysOf(migrated("app:1")));
  });

  it("is another when its image is another", async () => {
    expect(await keysOf(migrated("app:1"), { ...found, digest: "b" })).not.to.deep.equal(
      await keysOf(migrated("app:1")),
    );
  });

  it("is the same on a machine where its password is another, which its driver sets anew", async () => {
    const on = (machine: string) => (stack: StackBuilder) => {
      const password = derivePassword("db", machine);
      const db = stack.service("db", ({ image }) => new MySqlContainer(image).withUserPassword(password), {
        image: DB,
      });
      stack.task("migrate", ({ image }) => new GenericContainer(image), { image: "app:1", after: [db] });
    };
    const keys = await keysOf(on("one"));
    expect(keys)
      .to.have.length(1)
      .and.to.deep.equal(await keysOf(on("two")));
  });

  it("is none without tasks: it is the stack's own then", async () => {
    const alone = ({ service }: StackBuilder): void => {
      service("db", ({ image }) => new GenericContainer(image).withEnvironment(environment), {
        image: DB,
        data: "/data",
      });
    };
    expect(await layersOf(alone)).to.deep.equal([]);
  });

  it("is none where it cannot be known what the server comes from", async () => {
    const unknown = (stack: StackBuilder): void => {
      const db = stack.service("db", () => new GenericContainer("other:1"), { image: DB, data: "/data" });
      stack.task("migrate", ({ image }) => new GenericContainer(image), { image: "app:1", after: [db] });
    };
    expect(await layersOf(unknown)).to.deep.equal([]);
  });
});

describe("a snapshot of a stack with a service that runs outside of it", () => {
  it("is none where a service runs in this process either", async () => {
    const { stack, containers } = made((parts) => {
      const own = parts.service("own", () => ({ start: async () => ({ stop: async () => {} }) }));
      const cache = parts.service("cache", ({ image }) => new GenericContainer(image), { image: "c:1", data: "/data" });
      parts.task("migrate", ({ image }) => new GenericContainer(image), { image: "app:1", after: [own, cache] });
    });
    expect(await snapshotKey(stack, containers, contextOf({ origin: "local", digest: "a" }))).to.deep.equal({
      reason: "own runs in this process",
    });
  });

  it("is none: what that holds is not this stack's", async () => {
    const { stack, containers } = made((parts) => {
      const url = "postgres://postgres:x@db:5432/postgres";
      const options = { image: DB, url, external: "postgres://postgres:x@127.0.0.1:15432/postgres" };
      const db = parts.service("db", ({ image }) => new GenericContainer(image), options);
      const cache = parts.service("cache", ({ image }) => new GenericContainer(image), { image: "c:1", data: "/data" });
      parts.task("migrate", ({ image }) => new GenericContainer(image), { image: "app:1", after: [db, cache] });
    });
    const db = stack.nodes.find(({ name }) => name === "db")!;
    containers.set(db, { url: "" });
    expect(await snapshotKey(stack, containers, contextOf({ origin: "local", digest: "a" }))).to.deep.equal({
      reason: "db is external: what it holds is not this stack's",
    });
  });
});
