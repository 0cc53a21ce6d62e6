import { MySqlContainer } from "@testcontainers/mysql";
import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import { expect } from "chai";
import { defineStack } from "stackspec";
import type { Stack } from "stackspec";
import { GenericContainer } from "testcontainers";
import type { Note } from "../../src/engine/kept/kept-note.ts";
import { findStale } from "../../src/engine/plan/stale.ts";
import type { Node } from "../../src/stack/stack.ts";

type Declare = Parameters<typeof defineStack>[1];

describe("what of a kept stack is started anew", () => {
  const generic = ({ image }: { image: string }): GenericContainer => new GenericContainer(image);

  /** The names of what is started anew, nodes and volumes, when these were edited since all of it was noted. */
  async function stale(declare: Declare, edited: readonly string[], lost: readonly string[] = []): Promise<string> {
    const stack: Stack = defineStack("kept", declare);
    const made = new Map<Node, unknown>();
    const given = {
      image: "any",
      url: () => "",
      started: async () => undefined as never,
      database: (name: never) => name,
    };
    for (const node of stack.nodes) made.set(node, await node.create(given));
    const keys = new Map(stack.nodes.map((node) => [node, edited.includes(node.name) ? "new" : "old"]));
    const volumes = stack.volumes.filter(({ name }) => !lost.includes(name));
    const noted: Note = {
      nodes: Object.fromEntries(stack.nodes.map(({ name }) => [name, { key: "old" }])),
      volumes: Object.fromEntries(volumes.map(({ name }) => [name, { bytes: 0, entries: [], content: "" }])),
    };
    const found = findStale(stack, made, keys, noted);
    return [...found.nodes, ...found.volumes].map(({ name }) => name).join(" ");
  }

  const application: Declare = ({ service, task, volume }) => {
    const files = volume("files");
    const db = service("db", ({ image }) => new MySqlContainer(image));
    const collect = task("collect", generic, { image: "any", mounts: [files.at("/files")] });
    const migrate = task("migrate", generic, { image: "any", after: [db] });
    const app = service("app", generic, { after: [migrate, collect], mounts: [files.at("/files")] });
    service("web", generic, { after: [app], mounts: [files.at("/files", "ro")] });
    service("clock", generic);
    return { db };
  };

  it("is nothing where nothing was edited", async () => {
    expect(await stale(application, [])).to.equal("");
  });

  it("is a service that was edited, and what comes after it", async () => {
    expect(await stale(application, ["app"])).to.equal("app web");
  });

  it("is of a task that was edited the server that it expects as it was before, and all that comes after it", async () => {
    expect(await stale(application, ["migrate"])).to.equal("migrate db app web");
  });

  it("is of a task that was edited the volume that it writes, and all that mount it", async () => {
    expect(await stale(application, ["collect"])).to.equal("collect app web files");
  });

  it("is of a server that was edited each task that comes after it", async () => {
    expect(await stale(application, ["db"])).to.equal("db migrate app web");
  });

  it("is a volume of which nothing is known, and all that mount it", async () => {
    expect(await stale(application, [], ["files"])).to.equal("collect app web files");
  });

  it("is a volume that is filled from the image of a service that was edited", async () => {
    const filled: Declare = ({ service, volume }) => {
      const files = volume("files");
      const app = service("app", generic, { mounts: [files.at("/files", "ro")] });
      service("other", generic, { mounts: [files.at("/files", "ro")] });
      return { app };
    };
    expect(await stale(filled, ["app"])).to.equal("app other files");
  });

  const filledBy = (server: (image: string) => GenericContainer, options = {}): Declare =>
    function declare({ service }) {
      const db = service("db", ({ image }) => server(image), options);
      service("app", generic, { after: [db] });
      service("other", generic, { after: [db] });
      return { db };
    };

  it("is a database that no task fills, with those that do while they start", async () => {
    expect(
      await stale(
        filledBy((image) => new MySqlContainer(image)),
        ["app"],
      ),
    ).to.equal("app db other");
  });

  it("is not a server in which clients declare again what they need", async () => {
    expect(
      await stale(
        filledBy((image) => new RabbitMQContainer(image)),
        ["app"],
      ),
    ).to.equal("app");
  });

  it("is not a server that says itself how it is reset", async () => {
    const declare = filledBy((image) => new MySqlContainer(image), { reset: async () => {} });
    expect(await stale(declare, ["app"])).to.equal("app");
  });

  it("is not a service that keeps nothing", async () => {
    expect(
      await stale(
        filledBy((image) => new GenericContainer(image)),
        ["app"],
      ),
    ).to.equal("app");
  });
});
