import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { MySqlContainer } from "@testcontainers/mysql";
import { expect } from "chai";
import { acceptsSql, defineStack, logs, requireEngine } from "stackspec";
import type { GenericContainer } from "testcontainers";
import tar from "tar-stream";
import { openSession } from "../../src/engine/run/session.ts";
import { SERVER_LABEL } from "../../src/engine/snapshot/store.ts";
import { LOCAL } from "../../src/images/debian.ts";
import type { Stack } from "../../src/stack/stack.ts";
import {
  NODE,
  STACK_LABEL,
  cleanUp,
  engine,
  inspectAll,
  removeLabelled,
  shell,
  configIn,
} from "../integration/engine.ts";

/** How a start went. */
interface Start {
  /** Undefined when it failed. */
  readonly restored?: boolean | undefined;
  readonly printed?: string | undefined;
  readonly error?: unknown;
  readonly notices: readonly string[];
  /** How often the service `app` was started. */
  readonly appStarts: number;
}

describe("a snapshot that does not start", function () {
  this.timeout(240_000);
  requireEngine();

  const id = randomUUID().slice(0, 8);
  let folder = "";
  before("make a folder for logs", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-unusable-"));
  });
  cleanUp("its images and its folder are gone", async () => {
    const docker = await engine();
    const images = await docker.listImages({ filters: { reference: [`${LOCAL}/snapshot/unusable-${id}-*/*`] } });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
    await rm(folder, { recursive: true });
  });

  /** A run of its own: starts a stack, keeps its snapshot if that is asked for, and ends. */
  async function run(stack: Stack, { keep = false, staysUp = false } = {}): Promise<Start> {
    const notices: string[] = [];
    let appStarts = 0;
    const session = openSession(configIn(folder), (event) => {
      if (event.kind === "notice") notices.push(event.text);
      if (event.kind === "node" && event.name === "app" && event.state === "starting") appStarts += 1;
    });
    const told = {
      notices,
      get appStarts() {
        return appStarts;
      },
    };
    try {
      const { snapshot, values } = await session.start(stack, { keep: staysUp });
      if (keep) await session.keepSnapshot(stack, () => {});
      const { seed } = values as { seed?: { output: string } };
      return Object.assign(told, { restored: snapshot?.restored, printed: seed?.output });
    } catch (error) {
      return Object.assign(told, { error });
    } finally {
      await session.close();
    }
  }

  interface Parts {
    readonly change?: (container: GenericContainer, image: string) => GenericContainer;
    /** The database is ready when its health check says so, not its log. */
    readonly hasHealthCheck?: boolean;
    /** Makes another task of it. */
    readonly seeds?: string;
    /** What the service does that comes after the database, and of which no snapshot holds anything. */
    readonly app?: () => string;
  }
  const db = (name: string): string => `${LOCAL}/snapshot/unusable-${id}-${name}/db`;

  /** A stack whose database exits with 3 when its data was lost, and whose task prints what it will not print twice. */
  function stackOf(
    name: string,
    { change = (made) => made, hasHealthCheck = false, app = () => "echo up; sleep 1000", seeds = "" }: Parts = {},
  ): Stack {
    const server =
      "trap 'exit 0' TERM; [ ! -e /srv/data ] || [ -s /srv/data ] || exit 3; echo data > /srv/data; echo up; while :; do sleep 0.1; done";
    return defineStack(`unusable-${id}-${name}`, (stack) => {
      const ready = logs(/up/);
      const database = stack.service("db", ({ image }) => change(shell(image, server), image), {
        image: NODE,
        data: "/srv",
        ...(!hasHealthCheck && { ready }),
      });
      const seed = stack.task("seed", ({ image }) => shell(image, `cat /proc/sys/kernel/random/uuid ${seeds}`), {
        image: NODE,
        after: [database],
      });
      stack.service("app", ({ image }) => shell(image, app()), { image: NODE, after: [seed], ready });
      return { seed };
    });
  }

  /** Replaces a snapshot's image by one with another file, or label. */
  async function spoil(name: string, path: string, content: string, changes?: string, server?: "db"): Promise<void> {
    const docker = await engine();
    const [image] = await imagesOf(name, server);
    const reference = image!.RepoTags![0]!;
    const container = await docker.createContainer({ Image: reference });
    const pack = tar.pack();
    pack.entry({ name: path }, content);
    pack.finalize();
    await container.putArchive(Readable.from(pack), { path: "/" });
    await container.commit({ repo: db(name), tag: reference.split(":").at(-1), ...(changes && { changes }) });
    await container.remove();
  }

  /** The names on the engine of stacks that stay up. */
  async function ownersOf(name: string): Promise<string[]> {
    const networks = await (await engine()).listNetworks({ filters: { label: [STACK_LABEL] } });
    return networks.map(({ Name }) => Name).filter((network) => network.includes(`unusable-${id}-${name}-kept-`));
  }

  /** Those of the stack, with what its task left; or that of its server before any task had run. */
  async function imagesOf(name: string, server?: "db") {
    const images = await (await engine()).listImages({ filters: { reference: [db(name)] } });
    return images.filter(({ Labels }) => Labels[SERVER_LABEL] === server);
  }

  const cases: Readonly<Record<string, { path: string; content?: string; found: string; parts?: Parts }>> = {
    "has a file in place of its data directory": {
      path: "stackspec/data",
      content: "x".repeat(16 * 1024 ** 2),
      found: "CONTAINER_EXITED: db: exited with code 1",
    },
    "has lost some of its data": { path: "stackspec/data/data", found: "CONTAINER_EXITED: db: exited with code 3" },
    "has a database that does not answer": {
      path: "stackspec/unusual",
      found: "UNHEALTHY: db: expected a healthy container",
      parts: {
        hasHealthCheck: true,
        change: (made) =>
          made.withHealthCheck({
            test: ["CMD-SHELL", "test ! -e /stackspec/unusual"],
            interval: 200,
            timeout: 10_000,
            retries: 1,
          }),
      },
    },
    "has an image that the factory does not take": {
      path: "stackspec/unusual",
      found: "CREATE_FAILED: db: cannot be started from node:24-slim: not this one",
      parts: {
        change: (made, image) => {
          if (image.includes("unusable")) throw new Error("not this one");
          return made;
        },
      },
    },
  };
  for (const [what, { path, content = "", found, parts }] of Object.entries(cases))
    it(`is dropped with one line, and the stack starts without, when it ${what}`, async () => {
      const name = String(Object.keys(cases).indexOf(what));
      const stack = stackOf(name, parts);
      const first = await run(stack, { keep: true });
      await spoil(name, path, content);
      const second = await run(stack);
      expect(second.error).to.equal(undefined);
      expect(second.notices).to.have.lengthOf(1);
      expect(second.notices[0]).to.include(
        `unusable-${id}-${name} does not start from its snapshot, which is dropped, and starts without: ${found}`,
      );
      expect(second).to.have.property("restored", false);
      expect(second.printed).not.to.equal(first.printed);
      expect(await imagesOf(name)).to.deep.equal([]);
    });

  it("is dropped when a MySQL server cannot read what it holds", async () => {
    const name = "mysql";
    const stack = defineStack(`unusable-${id}-${name}`, ({ service, task }) => {
      const database = service("db", ({ image }) => new MySqlContainer(image), {
        image: "mysql:9.7",
        ready: acceptsSql(),
      });
      task("seed", ({ image }) => shell(image, "true"), { image: NODE, after: [database] });
      return { database };
    });
    await run(stack, { keep: true });
    await spoil(name, "stackspec/data/ibdata1", "half of it");
    const { error, restored, notices } = await run(stack);
    expect(error).to.equal(undefined);
    expect(restored).to.equal(false);
    expect(notices.join()).to.include("is dropped, and starts without: CONTAINER_EXITED: db: exited with code 1");
  });

  it("is dropped when it is that of a server before any task has run", async () => {
    await run(stackOf("server"), { keep: true });
    await spoil("server", "stackspec/data/data", "", undefined, "db");
    const { error, notices } = await run(stackOf("server", { seeds: "/dev/null" }));
    expect(error).to.equal(undefined);
    expect(notices.join()).to.include("is dropped, and starts without: CONTAINER_EXITED: db: exited with code 3");
    expect(await imagesOf("server", "db")).to.deep.equal([]);
    expect(await imagesOf("server")).to.have.lengthOf(1);
  });

  it("is not there for a stack whose tasks it does not know", async () => {
    const stack = stackOf("label");
    await run(stack, { keep: true });
    await spoil("label", "stackspec/unusual", "", 'LABEL dev.stackspec.snapshot.tasks="{"');
    expect(await run(stack)).to.deep.include({ restored: false, notices: [] });
  });

  it("is dropped too when the stack was to stay up, which it then does", async () => {
    const stack = stackOf("kept");
    await run(stack, { keep: true });
    await spoil("kept", "stackspec/data/data", "");
    try {
      const { restored, notices } = await run(stack, { staysUp: true });
      expect(notices).to.have.lengthOf(1);
      expect(restored).to.equal(false);
      const [owner] = await ownersOf("kept");
      const up = [...(await inspectAll(owner!))].filter(([, { State }]) => State.Running).map(([name]) => name);
      expect(up).to.have.members(["db", "app"]);
    } finally {
      for (const owner of await ownersOf("kept")) await removeLabelled(`${STACK_LABEL}=${owner}`);
    }
  });

  it("is made anew in the run that found it", async () => {
    const stack = stackOf("anew");
    await run(stack, { keep: true });
    await spoil("anew", "stackspec/data/data", "");
    const { printed } = await run(stack, { keep: true });
    const next = await run(stack);
    expect(next).to.have.property("restored", true);
    expect(next.printed).to.equal(printed);
  });

  it("stays when a container of somebody else uses it", async () => {
    const stack = stackOf("used");
    await run(stack, { keep: true });
    await spoil("used", "stackspec/data/data", "");
    const [image] = await imagesOf("used");
    const container = await (await engine()).createContainer({ Image: image!.RepoTags![0]! });
    try {
      const { restored, notices } = await run(stack);
      expect(restored).to.equal(false);
      expect(notices[0]).to.include("which another run uses, and starts without");
      expect(await imagesOf("used")).to.have.lengthOf(1);
    } finally {
      await container.remove({ force: true });
    }
  });

  it("is not what is reported when the stack does not start without it either", async () => {
    let end = "echo up; sleep 1000";
    const stack = stackOf("both", { app: () => end });
    await run(stack, { keep: true });
    await spoil("both", "stackspec/data/data", "");
    end = "exit 4";
    const { error } = await run(stack);
    expect(error).to.have.property("sentence").that.includes("app: exited with code 4");
  });

  it("is not blamed when a service fails that it holds nothing of: the stack is not started twice", async () => {
    let end = "echo up; sleep 1000";
    const stack = stackOf("app", { app: () => end });
    await run(stack, { keep: true });
    end = "exit 4";
    const { error, appStarts, notices } = await run(stack);
    expect(error).to.have.property("sentence").that.includes("app: exited with code 4");
    expect(appStarts).to.equal(1);
    expect(notices).to.deep.equal([]);
    expect(await imagesOf("app")).to.have.lengthOf(1);
  });
});
