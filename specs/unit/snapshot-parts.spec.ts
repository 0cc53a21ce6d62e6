import { MySqlContainer } from "@testcontainers/mysql";
import { expect } from "chai";
import { GenericContainer } from "testcontainers";
import { holdersOf, keptNodes } from "../../src/engine/snapshot/layers.ts";
import { defineStack, started } from "../../src/stack/define-stack.ts";
import type { StackBuilder } from "../../src/stack/define-stack.ts";
import type { Node, Stack } from "../../src/stack/stack.ts";

const container = () => new GenericContainer("example:1");
const database = () => new MySqlContainer("mysql:9.7");

/** A stack, and what its factories have made. */
function declared(declare: (stack: StackBuilder) => void): [stack: Stack, made: Map<Node, unknown>] {
  const stack = defineStack("parts", (builder) => {
    declare(builder);
    return {};
  });
  const never = new Promise<never>(() => {});
  const context = { image: "", started: () => never, url: () => "", database: <T>(name: T) => name };
  return [stack, new Map(stack.nodes.map((node) => [node, node.create(context)]))];
}

const names = (nodes: readonly Node[]): string[] => nodes.map(({ name }) => name);

describe("what a snapshot keeps", () => {
  const kept = (declare: (stack: StackBuilder) => void): string[] => names(keptNodes(...declared(declare)));

  it("are all tasks and all services with a data directory, in the order of the stack", () => {
    expect(
      kept((stack) => {
        stack.task("fetch", container);
        stack.service("files", container, { data: "/data" });
        stack.service("web", container);
        stack.service("db", database);
      }),
    ).to.deep.equal(["fetch", "files", "db"]);
  });

  it("are the services that a task needs, and those that they need", () => {
    expect(
      kept((stack) => {
        const deep = stack.service("deep", container);
        const near = stack.service("near", container, { after: [started(deep)] });
        const aside = stack.service("aside", container);
        stack.service("beside", container, { after: [aside] });
        stack.task("seed", container, { after: [near] });
      }),
    ).to.deep.equal(["deep", "near", "seed"]);
  });

  it("is nothing of a service that is no container", () => {
    const embedded = { start: async () => ({ stop: async () => {} }) };
    expect(kept((stack) => void stack.service("app", () => embedded, { data: "/data" }))).to.deep.equal([]);
  });
});

describe("what holds a snapshot", () => {
  const holders = (declare: (stack: StackBuilder) => void): string[] => names(holdersOf(...declared(declare)));

  it("are the services with a data directory, and no others", () => {
    expect(
      holders((stack) => {
        const db = stack.service("db", database);
        stack.task("seed", container, { after: [db] });
        stack.service("web", container, { after: [db] });
      }),
    ).to.deep.equal(["db"]);
  });

  it("is the first service that mounts a volume which a task writes, and none that mounts another", () => {
    expect(
      holders((stack) => {
        const [cache, pages] = [stack.volume("cache"), stack.volume("pages")];
        stack.service("cached", container, { mounts: [cache.at("/cache")] });
        stack.task("collect", container, { mounts: [pages.at("/pages")] });
        stack.service("web", container, { mounts: [cache.at("/cache"), pages.at("/pages")] });
        stack.service("mirror", container, { mounts: [pages.at("/pages")] });
      }),
    ).to.deep.equal(["web"]);
  });

  it("is a service once, however much of it it holds", () => {
    expect(
      holders((stack) => {
        const mounts = [stack.volume("one").at("/one"), stack.volume("two").at("/two")];
        stack.task("seed", container, { mounts });
        stack.service("web", container, { mounts, data: "/data" });
      }),
    ).to.deep.equal(["web"]);
  });

  it("is nobody where no service mounts what a task writes", () => {
    expect(
      holders((stack) => void stack.task("seed", container, { mounts: [stack.volume("lost").at("/lost")] })),
    ).to.deep.equal([]);
  });
});
