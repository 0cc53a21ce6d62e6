import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { answers, defineStack, imageFrom, requireEngine } from "stackspec";
import type { ServiceOptions } from "stackspec";
import type { GenericContainer } from "testcontainers";
import { openSession } from "../../src/engine/run/session.ts";
import { LOCAL } from "../../src/images/debian.ts";
import { NODE, cleanUp, engine, script, configIn } from "../integration/engine.ts";

/** A store of one value, in a file of the folder that its environment names. */
const STORE = `const fs = require("node:fs"), file = process.env.FOLDER + "/value";
  require("node:http").createServer((request, response) => {
    if (request.method === "POST") fs.writeFileSync(file, request.url);
    response.end(fs.existsSync(file) ? fs.readFileSync(file) : "nothing");
  }).listen(8000)`;

/** An image, and how its container is run. */
interface Edge {
  readonly image?: ServiceOptions["image"];
  readonly options?: Omit<ServiceOptions, "reset">;
  readonly folder?: string;
  readonly change?: (container: GenericContainer) => GenericContainer;
}

const EDGES: Readonly<Record<string, Edge>> = {
  "an image without a command": { image: imageFrom("edge-bare", "specs/drivers/fixtures/images/bare") },
  "an image without a shell": { image: imageFrom("edge-shellless", "specs/drivers/fixtures/images/shellless") },
  "a root file system that cannot be written": { options: { sandbox: {} } },
  "another user": { change: (container) => container.withUser("1234:1234") },
  "a data directory of its own": { folder: "/srv/its own/data" },
  "a data directory that is to last": { options: { durable: true }, folder: "/tmp" },
};

/** How two starts went: what the first said of a snapshot, and what the second found. */
interface Outcome {
  readonly said: readonly string[];
  readonly restored: boolean | undefined;
  readonly value: string;
}

describe("the snapshot of a service", function () {
  this.timeout(240_000);
  requireEngine();
  const id = randomUUID().slice(0, 8);
  const outcomes = new Map<string, Outcome>();
  let folder: string;

  before("each has been started twice", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-edges-"));
    const all = Object.entries(EDGES).entries().toArray();
    for (const some of [all.slice(0, 3), all.slice(3)])
      await Promise.all(some.map(async ([index, [what, edge]]) => outcomes.set(what, await twice(edge, index))));
  });
  cleanUp("their images and logs are gone", async () => {
    const docker = await engine();
    const images = await docker.listImages({ filters: { reference: [`${LOCAL}/snapshot/edge-${id}-*/*`] } });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
    await rm(folder, { recursive: true });
  });

  async function twice(
    { image = NODE, options = {}, folder: data = "/data", change = (container) => container }: Edge,
    index: number,
  ): Promise<Outcome> {
    const stack = defineStack(`edge-${id}-${index}`, ({ service, task }) => {
      const store = service("store", (given) => change(script(given.image, STORE)).withEnvironment({ FOLDER: data }), {
        ...options,
        image,
        data,
        http: { port: 8000 },
        ready: answers("/"),
        reset: "keep",
      });
      task("seed", (given) => script(given.image, `fetch("http://store:8000/seeded", { method: "POST" })`), {
        image: NODE,
        after: [store],
      });
      return { store };
    });
    const said: string[] = [];
    const start = async (): Promise<Omit<Outcome, "said">> => {
      const session = openSession(configIn(join(folder, id)));
      try {
        const { values, snapshot } = await session.start(stack);
        if (said.length === 0) await session.keepSnapshot(stack, (line) => said.push(line));
        return { restored: snapshot?.restored, value: (await values.store.http.get("/")).text };
      } finally {
        await session.close();
      }
    };
    await start();
    return { ...(await start()), said };
  }

  const restored = { restored: true, value: "/seeded" };
  for (const what of Object.keys(EDGES).filter((each) => !each.includes("shell")))
    it(`is restored with ${what}`, () => {
      const { said, ...found } = outcomes.get(what)!;
      expect(found, said.join("\n")).to.deep.equal(restored);
    });

  it("is none with an image without a shell, which starts all the same, and one line says why", () => {
    const { said, ...found } = outcomes.get("an image without a shell")!;
    expect(found).to.deep.equal({ restored: false, value: "/seeded" });
    expect(said).to.have.lengthOf(1);
    expect(said[0]).to.match(
      /^No snapshot of .* is kept: SNAPSHOT_FAILED: store: its data, \/data, cannot be copied: .*sh/,
    );
  });
});
