import { MySqlContainer } from "@testcontainers/mysql";
import { expect } from "chai";
import { GenericContainer } from "testcontainers";
import { dataOf, runForTests } from "../../src/engine/drivers/driver.ts";
import type { Service } from "../../src/stack/stack.ts";

class OurMySql extends MySqlContainer {}

const service = (options: Service["options"] = {}): Service => ({
  kind: "service",
  name: "db",
  create: () => undefined,
  options,
});
const commandOf = (container: GenericContainer): string[] | undefined =>
  (container as unknown as { createOpts: { Cmd?: string[] } }).createOpts.Cmd;

describe("the driver of a service", () => {
  for (const [what, container] of Object.entries({
    "a MySqlContainer": new MySqlContainer("mysql:9.7"),
    "a subclass of MySqlContainer": new OurMySql("mysql:9.7"),
  })) {
    it(`knows the data directory of ${what}`, () => {
      expect(dataOf(service(), container)).to.deep.equal({ path: "/var/lib/mysql", durable: false });
    });

    it(`runs ${what} without what only matters after a power failure`, () => {
      runForTests(service(), container);
      expect(commandOf(container)).to.include("--innodb-doublewrite=OFF");
    });
  }

  it("is none for another container", () => {
    expect(dataOf(service(), new GenericContainer("redis:8"))).to.equal(undefined);
  });

  it("leaves a durable service as it is", () => {
    const container = new MySqlContainer("mysql:9.7");
    runForTests(service({ durable: true }), container);
    expect(commandOf(container)).to.equal(undefined);
  });

  it("leaves a command of another kind as it is", () => {
    const container = new MySqlContainer("mysql:9.7").withCommand(["sh", "-c", "mysqld"]);
    runForTests(service(), container);
    expect(commandOf(container)).to.deep.equal(["sh", "-c", "mysqld"]);
  });

  it("keeps the arguments that the container has, after its own", () => {
    const container = new MySqlContainer("mysql:9.7").withCommand(["--innodb-doublewrite=ON"]);
    runForTests(service(), container);
    expect(commandOf(container)!.at(-1)).to.equal("--innodb-doublewrite=ON");
  });

  it("takes the data directory that the declaration names", () => {
    const container = new GenericContainer("redis:8");
    expect(dataOf(service({ data: "/data" }), container)).to.deep.equal({ path: "/data", durable: false });
  });
});
