import { expect } from "chai";
import { GenericContainer } from "testcontainers";
import { isMySql } from "../../src/engine/drivers/mysql-server.ts";

describe("whether a container is a MySQL server", () => {
  // As another copy of the package has it.
  class MySqlContainer extends GenericContainer {}
  class Ours extends MySqlContainer {}
  class OursToo extends Ours {}
  class MariaDbContainer extends GenericContainer {}

  const cases: Readonly<Record<string, [container: unknown, expected: boolean]>> = {
    "is true for Testcontainers' class": [new MySqlContainer("mysql:9.7"), true],
    "is true for a class that extends it": [new Ours("mysql:9.7"), true],
    "is true for a class that extends such a class": [new OursToo("mysql:9.7"), true],
    "is false for another class": [new MariaDbContainer("mariadb:11.8"), false],
    "is false for the class itself": [MySqlContainer, false],
    "is false for an object without a prototype": [Object.create(null), false],
    "is false where a factory made nothing": [undefined, false],
    "is false for null": [null, false],
  };
  for (const [sentence, [container, expected]] of Object.entries(cases))
    it(sentence, () => {
      expect(isMySql(container)).to.equal(expected);
    });
});
