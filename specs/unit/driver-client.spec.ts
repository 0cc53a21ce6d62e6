import { readFileSync } from "node:fs";
import { expect } from "chai";
import { postgres, redis, valkey } from "stackspec/drivers";
import type { Driver } from "stackspec/drivers";
import { GenericContainer } from "testcontainers";
import { checkClient, isFrom } from "../../src/engine/drivers/client.ts";
import { runForTests } from "../../src/engine/drivers/data.ts";
import { listens } from "../../src/stack/probe.ts";
import type { ServiceOptions } from "../../src/stack/stack.ts";

const versionOf = (name: string): string =>
  (
    JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), "utf8")) as {
      version: string;
    }
  ).version;
const { ask: _ask, ...unasked } = redis();
const check =
  (client: Driver["client"], options: ServiceOptions = {}, ask?: Driver["ask"]) =>
  () =>
    checkClient(
      { kind: "service", name: "db", create: () => undefined, options },
      { ...unasked, ...(client && { client }), ...(ask && { ask }) },
    );

describe("the client that a driver speaks by", () => {
  it("is there", () => {
    expect(check({ name: "pg", from: "8.0.0" })).not.to.throw();
  });

  it("is named with how to add it where it is missing", () => {
    expect(check({ name: "no-such-client", from: "1.2.3" })).to.throw(
      /^USAGE: db: expected the package no-such-client@\^1\.2\.3, found none: npm i -D no-such-client@\^1\.2\.3$/,
    );
  });

  it("is named with both versions where it is too old", () => {
    expect(check({ name: "pg", from: "8.999.0" })).to.throw(
      `USAGE: db: expected the package pg@^8.999.0, found ${versionOf("pg")}: npm i -D pg@^8.999.0`,
    );
  });

  it("need not be there for a service that is neither asked nor reset", () => {
    expect(check({ name: "no-such-client", from: "1.0.0" }, { reset: "keep" })).not.to.throw();
  });

  it("has to be there for one that is not reset, and is asked whether it is ready", () => {
    const ask = async () => undefined;
    expect(check({ name: "no-such-client", from: "1.0.0" }, { reset: "keep" }, ask)).to.throw("no-such-client");
    expect(check({ name: "no-such-client", from: "1.0.0" }, { reset: "keep", ready: listens() }, ask)).not.to.throw();
  });

  it("need not be there for one that is asked without it, and not reset", () => {
    const ask = async () => undefined;
    const client = { name: "no-such-client", from: "1.0.0", toAsk: false };
    expect(check(client, { reset: "keep" }, ask)).not.to.throw();
    expect(check(client, {}, ask)).to.throw("no-such-client");
  });

  for (const [first, version, will] of [
    ["8.16.0", "8.16.0", true],
    ["8.16.0", "8.16.3", true],
    ["8.16.0", "8.18.0", true],
    ["8.16.1", "8.16.0", false],
    ["8.16.0", "8.9.9", false],
    ["8.16.0", "9.0.0", false],
    ["8.16.0", "7.99.0", false],
    ["8.16.0", "8.17.0-beta.1", true],
  ] as const)
    it(`${will ? "may" : "may not"} be ${version} where it has to be ^${first}`, () => {
      expect(isFrom(first, version)).to.equal(will);
    });

  it("is looked for before the container of the service is started", () => {
    const driver = { ...redis(), client: { name: "no-such-client", from: "1.0.0" } };
    const service = { kind: "service", name: "db", create: () => undefined, options: { driver } } as const;
    expect(() => runForTests(service, new GenericContainer("x"))).to.throw(
      "expected the package no-such-client@^1.0.0",
    );
  });

  it("is the optional peer of the package, of the same version", () => {
    const { peerDependencies } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      peerDependencies: Record<string, string>;
    };
    for (const { client } of [postgres(), redis(), valkey()])
      expect(peerDependencies[client!.name]).to.equal(`^${client!.from}`);
  });
});
