import { RedisContainer } from "@testcontainers/redis";
import { ValkeyContainer } from "@testcontainers/valkey";
import { expect } from "chai";
import { GenericContainer } from "testcontainers";
import { driverOf } from "../../src/engine/drivers/choose.ts";
import type { ImageSource } from "../../src/stack/image.ts";
import { imageFrom } from "../../src/stack/image.ts";

describe("the driver that a service has", () => {
  // As another copy of the package has it.
  class MySqlContainer extends GenericContainer {}
  class Ours extends MySqlContainer {}
  class OursToo extends Ours {}
  const titleOf = (container: GenericContainer, image?: ImageSource): string | undefined =>
    driverOf(
      { kind: "service", name: "db", create: () => undefined, options: image === undefined ? {} : { image } },
      container,
    )?.title;

  for (const [what, container] of Object.entries({
    "Testcontainers' class": new MySqlContainer("x"),
    "a class that extends it": new Ours("x"),
    "a class that extends such a class": new OursToo("x"),
  }))
    it(`is MySQL's for ${what}`, () => {
      expect(titleOf(container)).to.equal("MySQL");
    });

  for (const image of ["mysql", "mysql:9.7", "localhost:5000/mirror/mysql:9.7", "docker.io/library/mysql@sha256:00"])
    it(`is MySQL's for a container of any class with the declared image ${image}`, () => {
      expect(titleOf(new GenericContainer("localhost/stackspec/mysql:9.7-0"), image)).to.equal("MySQL");
    });

  for (const [title, image] of [
    ["PostgreSQL", "postgres:18"],
    ["PostgreSQL", "docker.io/library/postgres:17-alpine"],
    ["MariaDB", "mariadb:11.8"],
    ["Redis", "redis:8"],
    ["Redis", "docker.io/library/redis:8-alpine"],
    ["Valkey", "valkey/valkey:9"],
  ] as const)
    it(`is ${title}'s for a container of any class with the declared image ${image}`, () => {
      expect(titleOf(new GenericContainer("x"), image)).to.equal(title);
    });

  it("is Redis's and Valkey's for Testcontainers' classes", () => {
    expect(titleOf(new RedisContainer("x"))).to.equal("Redis");
    expect(titleOf(new ValkeyContainer("x"))).to.equal("Valkey");
  });

  for (const image of ["rabbitmq:4", "rabbitmq:4-management-alpine", "docker.io/library/rabbitmq"])
    it(`is RabbitMQ's for a container of any class with the declared image ${image}`, () => {
      expect(titleOf(new GenericContainer("x"), image)).to.equal("RabbitMQ");
    });

  for (const image of ["mysql-exporter:1", "nginx:1.30", "mysql/mysql-router:9"])
    it(`is none for ${image}`, () => {
      expect(titleOf(new GenericContainer(image), image)).to.equal(undefined);
    });

  it("is none for an image that is built", () => {
    expect(titleOf(new GenericContainer("x"), imageFrom("mysql", "containers/mysql"))).to.equal(undefined);
  });

  it("is none without an image and a class that is known", () => {
    expect(titleOf(new GenericContainer("mysql:9.7"))).to.equal(undefined);
  });
});
