import { expect } from "chai";
import { defineStack, requireEngine, secret } from "stackspec";
import { mysql } from "stackspec/drivers";
import { GenericContainer } from "testcontainers";
import { mariadb } from "../../src/engine/drivers/mariadb/mariadb.ts";
import type { Driver, ServiceAddress } from "../../src/stack/driver.ts";
import { mysql as knownMysql } from "../../src/engine/drivers/mysql/mysql.ts";
import { valkey } from "../../src/engine/drivers/redis/redis.ts";
import { inspectAll, useRunning } from "../integration/engine.ts";

describe("the prompt of", function () {
  this.timeout(180_000);
  requireEngine();

  const password = secret("prompt");
  const running = useRunning(
    defineStack("prompt", ({ service }) => {
      const run =
        (environment: Record<string, string>, command: string[] = []) =>
        ({ image }: { image: string }) =>
          new GenericContainer(image).withEnvironment(environment).withCommand(command);
      const mysqlDb = service(
        "mysql",
        run({ MYSQL_RANDOM_ROOT_PASSWORD: "1", MYSQL_USER: "shop", MYSQL_PASSWORD: password, MYSQL_DATABASE: "shop" }),
        { image: "mysql:9.7", reset: "keep" },
      );
      const mariadbDb = service("mariadb", run({ MARIADB_ROOT_PASSWORD: password, MARIADB_DATABASE: "shop" }), {
        image: "mariadb:11.8",
        reset: "keep",
      });
      const cache = service("valkey", run({}, ["valkey-server", "--requirepass", password]), {
        image: "valkey/valkey:9",
        reset: "keep",
      });
      return { mysql: mysqlDb, mariadb: mariadbDb, valkey: cache };
    }),
  );

  /** What the prompt of a service answers, as `stackspec shell` opens it. */
  async function answer(name: "mysql" | "mariadb" | "valkey", driver: Driver, words: string[]): Promise<string> {
    const { Config } = (await inspectAll(running().id)).get(name)!;
    const environment = Object.fromEntries(Config.Env.map((pair) => pair.split(/=(.*)/s) as [string, string]));
    const command = [Config.Entrypoint ?? [], Config.Cmd ?? []].flat();
    const prompt = await driver.prompt!({ environment, command } as unknown as ServiceAddress);
    const started = running().values[name];
    const { stdout } = await started.exec([...prompt.command, ...words], { env: prompt.environment ?? {} });
    return stdout;
  }
  const WHO = ["-Ne", "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1), DATABASE()"];

  it("MySQL is its declared user's, where root's password is not known", async () => {
    await expect(answer("mysql", knownMysql, WHO)).to.eventually.equal("shop\tshop\n");
  });

  it("MariaDB is root's, in the declared database", async () => {
    await expect(answer("mariadb", mariadb, WHO)).to.eventually.equal("root\tshop\n");
  });

  it("Valkey has its password", async () => {
    await expect(answer("valkey", valkey, ["PING"])).to.eventually.equal("PONG\n");
  });

  it("a declared driver is that of the known one", () => {
    expect(mysql().prompt).to.equal(knownMysql.prompt);
  });
});
