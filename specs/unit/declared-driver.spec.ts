import { expect } from "chai";
import { defineStack } from "stackspec";
import { defineDriver, mariadb, mysql, postgres, rabbitmq, redis } from "stackspec/drivers";
import type { Driver } from "stackspec/drivers";
import { GenericContainer } from "testcontainers";
import { checkProgram, driverOf } from "../../src/engine/drivers/choose.ts";
import { toldTo } from "../../src/engine/drivers/variables.ts";
import type { Service } from "../../src/stack/stack.ts";
import { mask } from "../../src/secrets.ts";

class MySqlContainer extends GenericContainer {}

const connect = (): never => {
  throw new Error("not here");
};
const mine = defineDriver({ title: "memcached", port: 11211, connect });
const declaring = (driver: Driver | false, image?: string): Service => ({
  kind: "service",
  name: "db",
  create: () => undefined,
  options: { driver, ...(image && { image }) },
});
const chosen = (driver: Driver | false, container: GenericContainer, image?: string): Driver | undefined =>
  driverOf(declaring(driver, image), container);

describe("the driver that a service declares", () => {
  it("goes before its class and its image", () => {
    expect(chosen(mine, new MySqlContainer("x"), "mysql:9.7")).to.equal(mine);
  });

  it("is none where it is false, whatever its class and its image are", () => {
    expect(chosen(false, new MySqlContainer("x"), "mysql:9.7")).to.equal(undefined);
  });

  it("is refused when the image is of another kind", () => {
    expect(() => chosen(postgres(), new GenericContainer("x"), "redis:8")).to.throw(
      /^USAGE: db: expected PostgreSQL, which is what its driver is for, got the image redis:8$/,
    );
  });

  it("is refused when the class is of another kind and the image says nothing", () => {
    expect(() => chosen(postgres(), new MySqlContainer("x"), "registry.example/my-db")).to.throw(
      /^USAGE: db: expected PostgreSQL, which is what its driver is for, got a MySqlContainer$/,
    );
  });

  for (const [what, command] of Object.entries({
    command: { Entrypoint: ["docker-entrypoint.sh"], Cmd: ["redis-server"] },
    entrypoint: { Entrypoint: ["/usr/bin/redis-server", "--port", "6379"] },
  }))
    it(`is refused when the image runs another's program as its ${what}, whatever it is called`, () => {
      expect(() => checkProgram(declaring(postgres()), command)).to.throw(
        /^USAGE: db: expected PostgreSQL, which is what its driver is for, got an image that runs redis-server$/,
      );
    });

  it("may be for an image that runs its own program, or one that nobody knows", () => {
    expect(() => checkProgram(declaring(postgres()), { Cmd: ["postgres"] })).not.to.throw();
    expect(() => checkProgram(declaring(postgres()), { Cmd: ["run-my-db"] })).not.to.throw();
    expect(() => checkProgram(declaring(mine), { Cmd: ["redis-server"] })).not.to.throw();
  });

  for (const image of ["mariadb:11.8", "registry.example/my-db"])
    it(`may be MariaDB's for a MySqlContainer on ${image}`, () => {
      expect(chosen(mariadb(), new MySqlContainer("x"), image)?.title).to.equal("MariaDB");
    });

  for (const [what, driver] of Object.entries({ "its function": postgres, "its name": "postgres", nothing: null }))
    it(`is refused in the declaration when it is ${what}`, () => {
      const declare = () =>
        defineStack("shop", ({ service }) => {
          service("db", () => new GenericContainer("x"), { driver: driver as never });
          return {};
        });
      expect(declare).to.throw(
        /^USAGE: .*service "db": driver: expected a driver, such as postgres\(\), or false, got/,
      );
    });
});

describe("the options of a driver", () => {
  it("are the port, the data directory and the flags", () => {
    const { port, data, flags } = mysql({ port: 3307, data: "/srv/mysql", flags: [] });
    expect({ port, path: data?.path, flags }).to.deep.equal({ port: 3307, path: "/srv/mysql", flags: [] });
  });

  it("leave the driver as it is where there are none", () => {
    const { port, data } = postgres();
    expect({ port, variable: data?.variable?.name }).to.deep.equal({ port: 5432, variable: "PGDATA" });
  });

  it("leave the data directory to the image where they say which it is", () => {
    const { path, variable } = postgres({ data: "/srv/pg" }).data!;
    expect({ path, variable }).to.deep.equal({ path: "/srv/pg", variable: undefined });
  });

  it("are values, or variables of the container", () => {
    const driver = mysql({ user: "app", rootPassword: { variable: "ROOT" }, password: { variable: "NOT_THERE" } });
    expect(toldTo(driver, { ROOT: "of root" })).to.deep.equal({ MYSQL_USER: "app", MYSQL_ROOT_PASSWORD: "of root" });
  });

  it("are masked where they are passwords", () => {
    toldTo(redis({ password: "7c0a-not-to-be-read" }), {});
    expect(mask("7c0a-not-to-be-read")).not.to.include("not-to-be-read");
  });

  for (const [what, make, message] of [
    [
      "one that it does not have",
      () => postgres({ pasword: "x" } as never),
      'expected options among port, data, flags, user, password, database, got "pasword"',
    ],
    [
      "one of another driver",
      () => rabbitmq({ password: "x" } as never),
      'expected options among port, data, flags, got "password"',
    ],
    ["a port that is none", () => mysql({ port: 70_000 }), "port: expected a port from 1 to 65535, got 70000"],
    ["a path that is not absolute", () => redis({ data: "data" }), "data: expected an absolute path, got a string"],
    [
      "a password that is no text",
      () => redis({ password: 1 as never }),
      "password: expected a text, or { variable: NAME }, got 1",
    ],
    ["no object", () => redis("secret" as never), "expected an object of options, got a string"],
  ] as const)
    it(`are refused when there is ${what}`, () => {
      expect(make).to.throw(message).with.property("code", "USAGE");
    });
});

describe("a driver of a project's own", () => {
  it("is what was given", () => {
    expect(mine).to.deep.equal({ title: "memcached", port: 11211, connect });
  });

  for (const [what, driver, message] of [
    [
      "a file that is ephemeral elsewhere than in its data",
      { ...mine, data: { path: "/srv", ephemeral: ["../notes"] } },
      "data: expected an object with the member path, and what is ephemeral as paths in it",
    ],
    [
      "a member that drivers do not have",
      { ...mine, reset: connect },
      /^USAGE: driver "memcached": expected members among .*, got "reset"$/,
    ],
    [
      "no way to connect",
      { title: "memcached", port: 11211 },
      /^USAGE: driver "memcached": expected the member connect, which is missing$/,
    ],
    [
      "a port that is none",
      { ...mine, port: "11211" },
      /^USAGE: driver "memcached": port: expected a port from 1 to 65535, got a string$/,
    ],
    ["no title", { port: 11211, connect }, /^USAGE: defineDriver: expected the member title, which is missing$/],
  ] as const)
    it(`is refused with ${what}`, () => {
      expect(() => defineDriver(driver as never)).to.throw(message);
    });
});
