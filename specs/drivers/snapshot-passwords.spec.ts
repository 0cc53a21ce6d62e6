import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MariaDbContainer } from "@testcontainers/mariadb";
import { MySqlContainer } from "@testcontainers/mysql";
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import { RedisContainer } from "@testcontainers/redis";
import { ValkeyContainer } from "@testcontainers/valkey";
import { expect } from "chai";
import { defineStack, requireEngine } from "stackspec";
import type { GenericContainer } from "testcontainers";
import { derivePassword } from "../../src/engine/docker/secret.ts";
import { openSession } from "../../src/engine/run/session.ts";
import { LOCAL } from "../../src/images/debian.ts";
import { cleanUp, engine, configIn } from "../integration/engine.ts";

/** A kind of server with a password, and lines of shell that fail in its container unless it lets in with `$1`. */
interface Kind {
  readonly image: string;
  readonly make: (image: string, password: string) => GenericContainer;
  readonly logIn: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  MySQL: {
    image: "mysql:9.7",
    make: (image, password) => new MySqlContainer(image).withUserPassword(password).withRootPassword(password),
    logIn: 'for user in test root; do MYSQL_PWD="$1" mysql -h 127.0.0.1 -u $user test -e "SELECT 1" || exit 1; done',
  },
  MariaDB: {
    image: "mariadb:11.8",
    make: (image, password) => new MariaDbContainer(image).withUserPassword(password).withRootPassword(password),
    logIn: 'for user in test root; do MYSQL_PWD="$1" mariadb -h 127.0.0.1 -u $user test -e "SELECT 1" || exit 1; done',
  },
  PostgreSQL: {
    image: "postgres:18",
    make: (image, password) => new PostgreSqlContainer(image).withPassword(password),
    logIn: 'PGPASSWORD="$1" psql -h server -U test -d test -c "SELECT 1"',
  },
  Redis: {
    image: "redis:8",
    make: (image, password) => new RedisContainer(image).withPassword(password),
    logIn: 'REDISCLI_AUTH="$1" redis-cli PING | grep -q PONG',
  },
  Valkey: {
    image: "valkey/valkey:9",
    make: (image, password) => new ValkeyContainer(image).withPassword(password),
    logIn: 'REDISCLI_AUTH="$1" valkey-cli PING | grep -q PONG',
  },
  RabbitMQ: {
    image: "rabbitmq:4",
    make: (image, password) =>
      new RabbitMQContainer(image).withEnvironment({ RABBITMQ_DEFAULT_USER: "test", RABBITMQ_DEFAULT_PASS: password }),
    logIn: 'rabbitmqctl -q authenticate_user test "$1"',
  },
};

for (const [title, { image, make, logIn }] of Object.entries(KINDS))
  describe(`a snapshot of ${title} with a secret() as its password, on a machine where that is another one`, function () {
    this.timeout(180_000);
    requireEngine();

    const name = `moved-${randomUUID().slice(0, 8)}`;
    let folder = "";
    /** Whether the server lets in with the password of each machine, at each moment. */
    const found: Record<string, { readonly here: boolean; readonly there: boolean }> = {};
    let isRestored: boolean | undefined;

    const stackOn = (machine: string) =>
      defineStack(name, ({ service }) => ({
        server: service("server", (context) => make(context.image, derivePassword("server", machine)), { image }),
      }));

    before("it is taken on one machine, and the stack is started from it on the other", async () => {
      folder = await mkdtemp(join(tmpdir(), "stackspec-moved-"));
      for (const machine of ["there", "here"]) {
        const session = openSession(configIn(folder));
        try {
          const stack = stackOn(machine);
          const { values, snapshot, reset } = await session.start(stack);
          isRestored = snapshot?.restored;
          const lets = async (whose: string): Promise<boolean> => {
            const password = derivePassword("server", whose);
            return (await values.server.exec(["sh", "-c", logIn, "sh", password])).exitCode === 0;
          };
          const look = async () => ({ here: await lets("here"), there: await lets("there") });
          found[machine] = await look();
          if (machine === "there") await session.keepSnapshot(stack, () => {});
          await reset();
          found[`${machine}, after a reset`] = await look();
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

    it("is found", () => {
      expect(isRestored).to.equal(true);
    });

    it("lets in with the password of the machine that it runs on, and with no other", () => {
      expect(found["there"]).to.deep.equal({ here: false, there: true });
      expect(found["here"]).to.deep.equal({ here: true, there: false });
    });

    it("does so after a reset", () => {
      expect(found["here, after a reset"]).to.deep.equal({ here: true, there: false });
    });
  });
