import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MariaDbContainer } from "@testcontainers/mariadb";
import { MySqlContainer } from "@testcontainers/mysql";
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { RedisContainer } from "@testcontainers/redis";
import { ValkeyContainer } from "@testcontainers/valkey";
import { expect } from "chai";
import { defineStack, requireEngine } from "stackspec";
import type { GenericContainer, StartedTestContainer } from "testcontainers";
import { openSession } from "../../src/engine/run/session.ts";
import { LOCAL } from "../../src/images/debian.ts";
import { cleanUp, engine, shell, configIn } from "../integration/engine.ts";

/** A kind of server, and lines of shell, for any container of its stack, that store an item in it, and that list all of them. */
interface Kind {
  readonly image: string;
  readonly make: (image: string) => GenericContainer;
  readonly store: (item: string) => string;
  readonly list: string;
}

const sql = (client: string): Pick<Kind, "store" | "list"> => ({
  store: (item) => `${client} "CREATE TABLE IF NOT EXISTS items (name TEXT); INSERT INTO items VALUES ('${item}')"`,
  list: `${client} "SELECT name FROM items"`,
});
const keys = (client: string): Pick<Kind, "store" | "list"> => ({
  store: (item) => `${client} SET ${item} 1`,
  list: `${client} --raw KEYS '*'`,
});
const KINDS: Readonly<Record<string, Kind>> = {
  MySQL: {
    image: "mysql:9.7",
    make: (image) => new MySqlContainer(image).withRootPassword("root"),
    ...sql("MYSQL_PWD=test mysql -h server -u test -N test -e"),
  },
  MariaDB: {
    image: "mariadb:11.8",
    make: (image) => new MariaDbContainer(image).withRootPassword("root"),
    ...sql("MYSQL_PWD=test mariadb -h server -u test -N test -e"),
  },
  PostgreSQL: {
    image: "postgres:18",
    make: (image) => new PostgreSqlContainer(image),
    ...sql("PGPASSWORD=test psql -qAt -h server -U test -d test -c"),
  },
  Redis: { image: "redis:8", make: (image) => new RedisContainer(image), ...keys("redis-cli -h server") },
  Valkey: { image: "valkey/valkey:9", make: (image) => new ValkeyContainer(image), ...keys("valkey-cli -h server") },
};

for (const [title, { image, make, store, list }] of Object.entries(KINDS))
  describe(`a snapshot of ${title}, taken while it runs`, function () {
    this.timeout(180_000);
    requireEngine();

    const name = `copied-${randomUUID().slice(0, 8)}`;
    let folder = "";
    let restored:
      | undefined
      | { readonly isRestored: boolean; readonly items: readonly string[]; readonly said: string };

    const stack = defineStack(name, ({ service, task }) => {
      const server = service("server", (context) => make(context.image), { image, reset: "keep" });
      const seed = task(
        "seed",
        (context) => shell(context.image, `${store("seeded")}; cat /proc/sys/kernel/random/uuid`),
        {
          image,
          after: [server],
        },
      );
      return { server, seed };
    });

    async function run(container: StartedTestContainer, lines: string): Promise<readonly string[]> {
      const { output, exitCode } = await container.exec(["sh", "-c", lines]);
      expect(exitCode, output).to.equal(0);
      return output.trim().split("\n");
    }

    before("it is taken, and the stack is started from it", async () => {
      folder = await mkdtemp(join(tmpdir(), "stackspec-copied-"));
      for (const isFirst of [true, false]) {
        const session = openSession(configIn(folder));
        try {
          const { values, snapshot } = await session.start(stack);
          if (isFirst) await run(values.server, store("spoilt"));
          if (isFirst) await session.keepSnapshot(stack, () => {});
          const items = await run(values.server, list);
          const isSame = values.seed.output === restored?.said;
          restored = { isRestored: snapshot?.restored === true && isSame, items, said: values.seed.output };
        } finally {
          await session.close();
        }
      }
    });
    cleanUp("its images and its folder are gone", async () => {
      const docker = await engine();
      const images = await docker.listImages({ filters: { reference: [`${LOCAL}/snapshot/${name}/*`] } });
      await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
      await rm(folder, { recursive: true });
    });

    it("is started from, and its task is not run again", () => {
      expect(restored?.isRestored).to.equal(true);
    });

    it("has what the task stored, and nothing that a spec stored", () => {
      expect(restored?.items).to.deep.equal(["seeded"]);
    });
  });
