import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { expect } from "chai";
import { Client } from "pg";
import { defineStack, imageFrom, requireEngine, startStack } from "stackspec";
import { mysql, postgres } from "stackspec/drivers";
import { GenericContainer } from "testcontainers";
import { failureOf, insideOf, shell, useRunning } from "../integration/engine.ts";

describe("a driver that is declared", function () {
  this.timeout(120_000);
  requireEngine();

  describe("for an image that is told everything in other words than the official one", () => {
    const image = imageFrom("my-db", "specs/drivers/fixtures/my-db");
    const running = useRunning(
      defineStack("declared", ({ service }) => ({
        db: service("db", (given) => new GenericContainer(given.image), {
          image,
          driver: postgres({
            user: { variable: "DB_OWNER" },
            password: { variable: "DB_SECRET" },
            database: "shop",
            port: 6543,
            data: "/srv/pg",
          }),
        }),
      })),
    );
    const sql = async (statement: string): Promise<unknown[]> => {
      const { db } = running().values;
      const [host, port] = [db.getHost(), db.getMappedPort(6543)];
      const client = new Client({ host, port, user: "owner", password: "a-secret-of-its-own", database: "shop" });
      await client.connect();
      return client
        .query<Record<string, unknown>>(statement)
        .then(({ rows }) => rows.flatMap((row) => Object.values(row)))
        .finally(() => client.end());
    };

    it("is waited for in SQL", async () => {
      await expect(sql("SELECT current_user")).to.eventually.deep.equal(["owner"]);
    });

    it("is of a version that the driver was tested with", () => {
      expect(insideOf(running()).notices).to.deep.equal([]);
    });

    it("gives up durability", async () => {
      await expect(sql("SHOW fsync")).to.eventually.deep.equal(["off"]);
    });

    it("has the data in memory", async () => {
      const { stdout } = await running().values.db.exec(["sh", "-c", "grep ' /srv/pg ' /proc/mounts"]);
      expect(stdout).to.match(/ tmpfs /);
    });

    it("is reset, its definitions too", async () => {
      await sql("CREATE TABLE added ()");
      await running().reset();
      await expect(sql("SELECT to_regclass('added')")).to.eventually.deep.equal([null]);
    });
  });

  it("is refused for a service whose image is of another kind", async () => {
    const stack = defineStack("declared-wrong", ({ service }) => {
      service("cache", (given) => new GenericContainer(given.image), { image: "redis:8", driver: postgres() });
      return {};
    });
    const { sentence } = await failureOf(startStack(stack));
    expect(sentence).to.equal(
      "USAGE: cache: expected PostgreSQL, which is what its driver is for, got the image redis:8",
    );
  });

  it("is refused for an image of a name that says nothing, which runs another's program", async () => {
    const image = imageFrom("my-db", "specs/drivers/fixtures/my-db");
    const stack = defineStack("declared-unknown", ({ service }) => {
      service("db", (given) => new GenericContainer(given.image), { image, driver: mysql() });
      return {};
    });
    const { sentence } = await failureOf(startStack(stack));
    expect(sentence).to.equal(
      "USAGE: db: expected MySQL, which is what its driver is for, got an image that runs postgres",
    );
  });

  it("fails the start when its user may not do what a reset needs, and says so", async () => {
    const stack = defineStack("declared-user", ({ service }) => {
      service(
        "db",
        ({ image }) =>
          new PostgreSqlContainer(image).withCopyContentToContainer([
            { content: "CREATE ROLE app LOGIN PASSWORD 'of-the-app'", target: "/docker-entrypoint-initdb.d/app.sql" },
          ]),
        { image: "postgres:18", driver: postgres({ user: "app", password: "of-the-app", database: "postgres" }) },
      );
      return {};
    });
    const { sentence } = await failureOf(startStack(stack));
    expect(sentence).to.match(/^RESET_FAILED: db: .*expected a superuser, who resets: permission denied/);
  });

  it("is none where it is false, though the image is known", async () => {
    const stack = defineStack("declared-none", ({ service }) => ({
      cache: service("cache", (given) => shell(given.image, "sleep 1000"), { image: "redis:8", driver: false }),
    }));
    const running = await startStack(stack);
    try {
      expect(insideOf(running).unreset).to.deep.equal([
        'cache keeps its data between spec files: set its option reset, to "keep", "recreate" or a function',
      ]);
    } finally {
      await running.stop();
    }
  });
});
