import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { defineStack, logs, requireEngine } from "stackspec";
import type { Driver } from "stackspec/drivers";
import type { GenericContainer, StartedTestContainer } from "testcontainers";
import type { OnProgress } from "../../src/engine/plan/progress.ts";
import { openSession } from "../../src/engine/run/session.ts";
import { LOCAL } from "../../src/images/debian.ts";
import { NODE, cleanUp, engine, referenceOf, shell, configIn } from "./engine.ts";

/** A word that no other run of these lines prints. */
const UNIQUE = "cat /proc/sys/kernel/random/uuid";

/** A server that looks which files are there of two that it writes whenever it starts, one of them just for then. */
const LOOK = "mkdir -p /srv/log; ls -A /srv/log > /found; touch '/srv/log/#1.tmp' /srv/log/notes";
const NOTES: Driver = {
  title: "Notes",
  port: 8000,
  data: { path: "/srv", ephemeral: ["log/*.tmp"] },
  connect: () => ({ async takeBaseline() {}, async reset() {} }),
};

/** What a start of the stack below found. */
interface Found {
  /** What the server wrote into its data directory when it found nothing there. */
  readonly initialised: string;
  /** What it found of the files that it writes at each start. */
  readonly found: string;
  /** What the task wrote into a volume, and printed. */
  readonly published: string;
  readonly printed: string;
  /** What stands in the image that the service with the volume runs. */
  readonly version: string;
}

describe("the layers of a snapshot", function () {
  this.timeout(120_000);
  requireEngine();

  const id = randomUUID().slice(0, 8);
  const stackName = `layers-${id}`;
  let folder = "";
  let sources = "";
  let next: Found;
  let first: Found;

  before("make folders, and two images of an application", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-layers-"));
    sources = join(folder, "sources");
    await writeFile(sources, "one");
    const docker = await engine();
    const reference = await referenceOf(NODE);
    for (const version of ["1", "2"]) {
      const container = await docker.createContainer({ Image: reference });
      const changes = `ENV VERSION=${version}`;
      await container.commit({ repo: app, tag: version, changes }).finally(() => container.remove({ force: true }));
    }
    first = await run({});
  });
  cleanUp("its images and its folder are gone", async () => {
    const docker = await engine();
    const references = [`${LOCAL}/snapshot/${stackName}/*`, app];
    for (const reference of references)
      for (const { RepoTags } of await docker.listImages({ filters: { reference: [reference] } }))
        for (const tag of RepoTags ?? []) await docker.getImage(tag).remove({ force: true });
    await rm(folder, { recursive: true });
  });
  const app = `${LOCAL}/layers-app-${id}`;

  interface Edit {
    readonly version?: string;
    readonly inputs?: readonly string[];
    readonly command?: string;
    readonly onProgress?: OnProgress;
    /** Done when the stack is up, as a spec would. */
    readonly whenUp?: (db: StartedTestContainer) => Promise<void>;
  }

  /** A run of its own of a stack with a server, a task that is run on it, and an application with a volume. */
  async function run({ version = "1", inputs, command = "", onProgress, whenUp }: Edit): Promise<Found> {
    const change = (made: GenericContainer): GenericContainer => made;
    const stack = defineStack(stackName, ({ service, task, volume }) => {
      const pages = volume("pages");
      const db = service(
        "db",
        ({ image }) => shell(image, `${LOOK}; [ -e /srv/first ] || ${UNIQUE} > /srv/first; echo up; sleep 1000`),
        { image: NODE, driver: NOTES, ready: logs(/up/) },
      );
      const publish = task(
        "publish",
        ({ image }) => change(shell(image, `${UNIQUE} > /pages/index; ${UNIQUE} ${command}`)),
        { image: `${app}:${version}`, after: [db], mounts: [pages.at("/pages")], ...(inputs && { inputs }) },
      );
      const web = service("web", ({ image }) => shell(image, "echo up; echo $VERSION > /version; sleep 1000"), {
        image: `${app}:${version}`,
        after: [publish],
        mounts: [pages.at("/pages")],
        ready: logs(/up/),
      });
      return { db, web, publish };
    });
    const session = openSession(configIn(folder), onProgress);
    try {
      const { values } = await session.start(stack);
      const { db, web, publish } = values;
      await whenUp?.(db);
      await session.keepSnapshot(stack, () => {});
      const read = async (container: StartedTestContainer, path: string): Promise<string> =>
        (await container.exec(["cat", path])).output.trim();
      return {
        initialised: await read(db, "/srv/first"),
        found: await read(db, "/found"),
        published: await read(web, "/pages/index"),
        printed: publish.output,
        version: await read(web, "/version"),
      };
    } finally {
      await session.close();
    }
  }

  it("are both found by a stack that has not changed", async () => {
    await expect(run({})).to.eventually.deep.equal({ ...first, found: "notes" });
  });

  it("are without what the server makes anew whenever it starts", async () => {
    expect(first.found).to.equal("");
    await expect(run({})).to.eventually.have.property("found", "notes");
  });

  it("let nothing start after a restored task that what the task waited for is not ready for", async () => {
    const states: string[] = [];
    await run({ onProgress: (event) => event.kind === "node" && states.push(`${event.name} ${event.state}`) });
    expect(states).to.include("publish restored");
    expect(states.indexOf("web starting")).to.be.above(states.indexOf("db ready"));
  });

  describe("of a stack whose application has another image", () => {
    before("it is started", async () => {
      next = await run({ version: "2" });
    });

    it("still have the initialised server", () => {
      expect(next.initialised).to.equal(first.initialised);
    });

    it("have nothing of the task, which is run again", () => {
      expect(next.printed).not.to.equal(first.printed);
      expect(next.published).not.to.equal(first.published);
    });
  });

  describe("of a task that says what it comes from", () => {
    let one: Found;
    before("it is started with two images", async () => {
      one = await run({ inputs: [sources] });
      next = await run({ inputs: [sources], version: "2" });
    });

    it("have what the task left and printed, also for another image", () => {
      expect(next.published).to.equal(one.published);
      expect(next.printed).to.equal(one.printed);
    });

    it("are put into the image that the service runs now", () => {
      expect(one.version).to.equal("1");
      expect(next.version).to.equal("2");
    });

    it("have nothing of it when that has changed", async () => {
      await writeFile(sources, "two");
      const edited = await run({ inputs: [sources] });
      expect(edited.printed).not.to.equal(one.printed);
      expect(edited.initialised).to.equal(one.initialised);
    });

    it("have nothing of it when its command is another", async () => {
      const edited = await run({ inputs: [sources], command: "/dev/null" });
      expect(edited.printed).not.to.equal(one.printed);
    });
  });

  it("have nothing of what a spec stored, however early", async () => {
    const command = "/dev/null /dev/null";
    const whenUp = async (db: StartedTestContainer): Promise<void> => {
      await db.exec(["sh", "-c", "echo spoilt > /srv/first"]);
    };
    const { printed } = await run({ command, whenUp });
    const restored = await run({ command });
    expect(restored.printed).to.equal(printed);
    expect(restored.initialised).to.equal(first.initialised);
  });
});

describe("the data in a snapshot of a server that writes without pause", function () {
  this.timeout(120_000);
  requireEngine();

  const name = `busy-${randomUUID().slice(0, 8)}`;
  let folder = "";
  /** What the copies of two files begin and end with: one that the first process of the container writes, and another's. */
  let ofFirst: number[];
  let ofOther: number[];

  /** Writes number after number, each to the begin of a file and then to its end: in between is more than is copied in no time. */
  const count = `
    const [, file] = process.argv, { openSync, writeSync } = require("node:fs");
    const fd = openSync(file, "w"), size = 3e7;
    const write = (number, at) => writeSync(fd, String(number).padStart(9), at);
    writeSync(fd, Buffer.alloc(size, "x"));
    write(0, 0);
    write(0, size);
    console.log("up");
    for (let number = 1; ; number++) { write(number, 0); write(number, size); }`;
  const lines = `
    [ -e /srv/first ] && echo up && echo up && exec sleep 1000
    node -e '${count}' /srv/other &
    exec node -e '${count}' /srv/first`;

  before("it is taken, and the stack is started from it", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-busy-"));
    const stack = defineStack(name, ({ service }) => ({
      server: service("server", ({ image }) => shell(image, lines), {
        image: NODE,
        data: "/srv",
        ready: logs(/up/, 2),
      }),
    }));
    for (const isFirst of [true, false]) {
      const session = openSession(configIn(folder), () => {});
      try {
        const { server } = (await session.start(stack)).values;
        if (isFirst) await session.keepSnapshot(stack, () => {});
        else [ofFirst, ofOther] = [await ends(server, "first"), await ends(server, "other")];
      } finally {
        await session.close();
      }
    }
  });
  async function ends(server: StartedTestContainer, file: string): Promise<number[]> {
    const read = `head -c 9 /srv/${file}; tail -c 9 /srv/${file}`;
    return (await server.exec(["sh", "-c", read])).output.trim().split(/ +/).map(Number);
  }
  cleanUp("its images and its folder are gone", async () => {
    const docker = await engine();
    const images = await docker.listImages({ filters: { reference: [`${LOCAL}/snapshot/${name}/*`] } });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
    await rm(folder, { recursive: true });
  });

  it("is of one moment, where the first process of its container writes it", () => {
    expect(ofFirst[1]).to.be.closeTo(ofFirst[0]!, 1);
  });

  it("is of one moment, where another process of its container writes it", () => {
    expect(ofOther[1]).to.be.closeTo(ofOther[0]!, 1);
  });
});
