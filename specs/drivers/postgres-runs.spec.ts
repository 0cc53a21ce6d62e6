import { randomUUID } from "node:crypto";
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { expect } from "chai";
import { defineStack, requireEngine, startStack } from "stackspec";
import { startRun } from "../integration/child.ts";
import { cleanUp, engine, failureOf, useRunning } from "../integration/engine.ts";

/** What `integration/fixtures/postgres.ts` tells: what it has found, and what it has found after changing that and a reset. */
interface Told {
  readonly found: readonly { readonly seed: string; readonly next: string; readonly views: string }[];
  readonly again: Told["found"];
  readonly inMemory: string;
}

describe("a PostgreSQL server that tasks have written to", function () {
  this.timeout(120_000);
  requireEngine();
  const name = randomUUID().slice(0, 8);
  let first: Told;
  let restored: Told;
  let again: Told;

  async function run(): Promise<Told> {
    const { exitCode, output } = await startRun(["postgres.ts"], { environment: { STACK_NAME: name } }).ended;
    expect(exitCode, output).to.equal(0);
    return JSON.parse(/^told (.*)$/m.exec(output)![1]!) as Told;
  }

  before("it has been run, and twice been started from its snapshot", async () => {
    first = await run();
    restored = await run();
    again = await run();
  });
  cleanUp("its images are gone", async () => {
    const docker = await engine();
    const filters = { reference: [`localhost/stackspec/snapshot/postgres-${name}/*`] };
    const images = await docker.listImages({ filters });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
  });

  it("has rows, sequences and views as the tasks left them", () => {
    expect(first.found).to.have.lengthOf(1);
    expect(first.found[0]).to.include({ next: "2", views: "1" });
  });

  it("is reset to those, while an application stays connected", () => {
    expect(first.again).to.deep.equal(first.found);
  });

  it("has the same each time it is restored from its snapshot", () => {
    expect(again.found).to.deep.equal(restored.found);
  });

  it("is reset to those when it was restored", () => {
    expect(restored.again).to.deep.equal(restored.found);
  });

  it("has its data in memory, cold and restored", () => {
    expect([first.inMemory, restored.inMemory]).to.deep.equal(["1", "1"]);
  });
});

describe("a PostgreSqlContainer", function () {
  this.timeout(120_000);
  requireEngine();
  const stack = (name: string, database = "shop") =>
    defineStack(name, ({ service }) => ({
      db: service("db", ({ image }) => new PostgreSqlContainer(image).withDatabase(database), { image: "postgres:18" }),
    }));

  describe("that has been started", () => {
    const running = useRunning(stack("postgres-module"));
    it("serves its declared user", async () => {
      const { db } = running().values;
      const words = ["psql", "-h", "127.0.0.1", "-U", db.getUsername(), "-d", "shop", "-Atc", "SELECT current_user"];
      const { stdout } = await db.exec(words, { env: { PGPASSWORD: db.getPassword() } });
      expect(stdout.trim()).to.equal(db.getUsername());
    });

    it("has no health check, for it is asked in SQL", async () => {
      const docker = await engine();
      const { State } = await docker.getContainer(running().values.db.getId()).inspect();
      expect(State).not.to.have.property("Health");
    });
  });

  for (const [what, options] of Object.entries({ "": {}, ", also when it is to last": { durable: true } }))
    it(`starts as another user${what}`, async () => {
      const as = defineStack("postgres-user", ({ service }) => ({
        db: service("db", ({ image }) => new PostgreSqlContainer(image).withUser("1234:1234"), {
          image: "postgres:18",
          ...options,
        }),
      }));
      const started = await startStack(as);
      try {
        const { stdout } = await started.values.db.exec(["stat", "-c", "%u", "/proc/1"]);
        expect(stdout.trim()).to.equal("1234");
      } finally {
        await started.stop();
      }
    });

  it("fails with the server's own words when it refuses its user", async () => {
    const refusing = defineStack("postgres-refuses", ({ service }) => ({
      db: service(
        "db",
        ({ image }) =>
          new PostgreSqlContainer(image)
            .withDatabase("shop")
            .withCopyContentToContainer([
              { content: "ALTER ROLE test PASSWORD 'another';", target: "/docker-entrypoint-initdb.d/change.sql" },
            ]),
        { image: "postgres:18" },
      ),
    }));
    const failure = await failureOf(startStack(refusing));
    expect(failure.sentence).to.match(/^SQL_REFUSED: db: the server refuses the connection: .*"test"/);
  });
});
