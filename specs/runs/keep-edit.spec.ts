import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { defineStack, logs, requireEngine } from "stackspec";
import type { StartedTestContainer } from "testcontainers";
import { forgetReusableStack } from "../../src/engine/kept/kept-note.ts";
import { openSession } from "../../src/engine/run/session.ts";
import { LOCAL } from "../../src/images/debian.ts";
import {
  NODE,
  STACK_LABEL,
  cleanUp,
  engine,
  failureOf,
  referenceOf,
  removeLabelled,
  shell,
  configIn,
} from "../integration/engine.ts";

/** A word that no other run of these lines prints. */
const UNIQUE = "cat /proc/sys/kernel/random/uuid";
const SERVING = "echo up; while :; do sleep 0.1; done";

interface Edit {
  /** The application's image. */
  readonly version?: string;
  /** What the server is told. */
  readonly setting?: string;
  /** The application does not come up. */
  readonly isBroken?: boolean;
}

/** What a start of the stack below found. */
interface Found {
  /** The containers, by service. */
  readonly containers: Readonly<Record<string, string>>;
  /** What the server wrote into its data directory when it found nothing there. */
  readonly initialised: string;
  /** What the task wrote into a volume, and printed. */
  readonly published: string;
  readonly printed: string;
  /** What stands in the image that the application runs. */
  readonly version: string;
  /** What is in the volume. */
  readonly files: string;
}

describe("a kept stack after an edit", function () {
  this.timeout(120_000);
  requireEngine();

  const id = randomUUID().slice(0, 8);
  const stackName = `edit-${id}`;
  const app = `${LOCAL}/edit-app-${id}`;
  let folder = "";
  let migrations = "";
  let stackId = "";
  let first: Found;

  before("it is kept", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-edit-"));
    migrations = join(folder, "migrations");
    await writeFile(migrations, "one");
    const docker = await engine();
    const reference = await referenceOf(NODE);
    for (const version of ["1", "2", "3"]) {
      const container = await docker.createContainer({ Image: reference });
      const changes = `ENV VERSION=${version}`;
      await container.commit({ repo: app, tag: version, changes }).finally(() => container.remove({ force: true }));
    }
    first = await run();
  });
  cleanUp("it is gone, its images and its folder too", async () => {
    await removeLabelled(`${STACK_LABEL}=${stackId}`);
    await forgetReusableStack(stackId);
    const docker = await engine();
    for (const reference of [`${LOCAL}/snapshot/${stackName}/*`, app])
      for (const { RepoTags } of await docker.listImages({ filters: { reference: [reference] } }))
        for (const tag of RepoTags ?? []) await docker.getImage(tag).remove({ force: true });
    await rm(folder, { recursive: true });
  });

  /** A run of its own, in which a spec leaves a file in the volume. */
  async function run({ version = "1", setting = "", isBroken = false }: Edit = {}): Promise<Found> {
    const stack = defineStack(stackName, ({ service, task, volume }) => {
      const pages = volume("pages");
      const serving = { image: NODE, ready: logs(/up/) };
      const clock = service("clock", ({ image }) => shell(image, SERVING), serving);
      const db = service(
        "db",
        ({ image }) =>
          shell(image, `[ -e /srv/first ] || ${UNIQUE} > /srv/first; ${SERVING}`).withEnvironment({ SETTING: setting }),
        { ...serving, data: "/srv" },
      );
      const migrate = task("migrate", ({ image }) => shell(image, `${UNIQUE} > /pages/index; ${UNIQUE}`), {
        image: `${app}:${version}`,
        inputs: [migrations],
        after: [db],
        mounts: [pages.at("/pages")],
      });
      const server = service("app", ({ image }) => shell(image, isBroken ? "exit 3" : SERVING), {
        ...serving,
        image: `${app}:${version}`,
        after: [migrate],
        mounts: [pages.at("/pages")],
      });
      const web = service("web", ({ image }) => shell(image, SERVING), {
        ...serving,
        after: [server],
        mounts: [pages.at("/pages", "ro")],
      });
      return { clock, db, migrate, app: server, web };
    });
    const session = openSession(configIn(folder));
    try {
      const running = await session.start(stack, { keep: true });
      stackId = running.id;
      await session.keepSnapshot(stack, () => {});
      const { clock, db, migrate, app: server, web } = running.values;
      const read = async (container: StartedTestContainer, command: string): Promise<string> =>
        (await container.exec(["sh", "-c", command])).output.trim();
      const found = {
        containers: Object.fromEntries(Object.entries({ clock, db, app: server, web }).map(([n, c]) => [n, c.getId()])),
        initialised: await read(db, "cat /srv/first"),
        published: await read(web, "cat /pages/index"),
        printed: migrate.output,
        version: await read(server, "echo $VERSION"),
        files: await read(web, "ls /pages"),
      };
      await read(server, "echo spoilt > /pages/spoilt");
      return found;
    } finally {
      await session.close();
    }
  }

  it("is the same when nothing was edited", async () => {
    await expect(run()).to.eventually.deep.equal(first);
  });

  describe("of the application", () => {
    let edited: Found;
    before("it is started with another image of it", async () => {
      edited = await run({ version: "2" });
    });

    it("runs on in what does not depend on that", () => {
      expect(edited.containers).to.include({ clock: first.containers["clock"], db: first.containers["db"] });
    });

    it("runs the new one", () => {
      expect(edited.version).to.equal("2");
    });

    it("has what comes after it started anew", () => {
      expect(edited.containers["web"]).not.to.equal(first.containers["web"]);
    });

    it("has what tasks left that did not change, and what they said", () => {
      expect(edited).to.include({ published: first.published, printed: first.printed });
    });

    it("has nothing of what specs stored in a volume of it", () => {
      expect(edited.files).to.equal("index");
    });

    it("is on the same networks", async () => {
      const { Containers } = (await (await engine()).getNetwork(stackId).inspect()) as { Containers: object };
      expect(Object.keys(Containers)).to.have.members(Object.values(edited.containers));
    });
  });

  describe("of what a task comes from", () => {
    let previous: Found;
    let edited: Found;
    before("it is started with another migration", async () => {
      previous = await run({ version: "2" });
      await writeFile(migrations, "two");
      edited = await run({ version: "2" });
    });

    it("has what the task leaves now", () => {
      expect(edited.printed).not.to.equal(previous.printed);
      expect(edited.published).not.to.equal(previous.published);
    });

    it("has the server as it was before the task, from its layer of the snapshot", () => {
      expect(edited.containers["db"]).not.to.equal(previous.containers["db"]);
      expect(edited.initialised).to.equal(previous.initialised);
    });

    it("runs on in what has nothing to do with it", () => {
      expect(edited.containers["clock"]).to.equal(previous.containers["clock"]);
    });
  });

  describe("that does not come up", () => {
    let previous: Found;
    before("it has failed", async () => {
      previous = await run({ version: "2" });
      await failureOf(run({ version: "3", isBroken: true }) as never);
    });

    it("runs on in what did not change, and goes on from there", async () => {
      const { containers, version, printed } = await run({ version: "3" });
      expect(containers).to.include({ clock: previous.containers["clock"], db: previous.containers["db"] });
      expect({ version, printed }).to.deep.equal({ version: "3", printed: previous.printed });
    });
  });

  describe("of a server's settings", () => {
    let previous: Found;
    let edited: Found;
    before("it is started with others", async () => {
      previous = await run({ version: "3" });
      edited = await run({ version: "3", setting: "other" });
    });

    it("has a server that was initialised with them", () => {
      expect(edited.initialised).not.to.equal(previous.initialised);
    });

    it("has what the tasks left on that", () => {
      expect(edited.printed).not.to.equal(previous.printed);
    });
  });
});
