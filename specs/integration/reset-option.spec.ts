import { MariaDbContainer } from "@testcontainers/mariadb";
import { expect } from "chai";
import { defineStack, requireEngine } from "stackspec";
import type { FactoryContext } from "stackspec";
import { GenericContainer } from "testcontainers";
import type { StartedTestContainer } from "testcontainers";
import { NODE, insideOf, shell, useRunning } from "./engine.ts";

/** Its image keeps data in a volume. */
const REGISTRY = "registry:3";

const registry = ({ image }: FactoryContext) => new GenericContainer(image).withExposedPorts(5000);

describe("a service that no driver is for", function () {
  this.timeout(120_000);
  requireEngine();

  describe("whose image keeps data in a volume", () => {
    const running = useRunning(
      defineStack("store-unset", (stack) => ({ store: stack.service("store", registry, { image: REGISTRY }) })),
    );
    it("is said to keep its data, with what to do about that", () => {
      expect(insideOf(running()).unreset).to.deep.equal([
        'store keeps its data between spec files: set its option reset, to "keep", "recreate" or a function',
      ]);
    });
  });

  describe("unless it is a MariaDB server", () => {
    const running = useRunning(
      defineStack("mariadb", (stack) => ({
        db: stack.service("db", ({ image }) => new MariaDbContainer(image), { image: "mariadb:11.8" }),
      })),
    );
    it("has nothing said of it, for it is reset", () => {
      expect(insideOf(running()).unreset).to.deep.equal([]);
    });

    it("runs without what only matters after a power failure", async () => {
      const { db } = running().values;
      const words = [
        "mariadb",
        "--user=root",
        "--batch",
        "--skip-column-names",
        "--execute=SELECT @@innodb_doublewrite",
      ];
      const { stdout } = await db.exec(words, { env: { MYSQL_PWD: db.getRootPassword() } });
      expect(stdout.trim()).to.equal("OFF");
    });

    it("has its data in memory", async () => {
      const { stdout } = await running().values.db.exec(["sh", "-c", "grep ' /var/lib/mysql ' /proc/mounts"]);
      expect(stdout).to.match(/ tmpfs /);
    });
  });

  describe('with reset: "keep"', () => {
    const running = useRunning(
      defineStack("store-kept", (stack) => ({
        store: stack.service("store", registry, { image: REGISTRY, reset: "keep" }),
      })),
    );
    it("keeps its data without a word", () => {
      expect(insideOf(running()).unreset).to.deep.equal([]);
    });
  });

  describe("with a function for its reset", () => {
    const given: StartedTestContainer[] = [];
    const running = useRunning(
      defineStack("store-reset", (stack) => ({
        store: stack.service("store", registry, {
          image: REGISTRY,
          async reset(started) {
            given.push(started);
            if (given.length > 1) throw new Error("the second time it does not go");
          },
        }),
      })),
    );
    it("is not said to keep its data", () => {
      expect(insideOf(running()).unreset).to.deep.equal([]);
    });

    it("is reset by that, which is given its started value", async () => {
      await running().reset();
      expect(given).to.deep.equal([running().values.store]);
    });

    it("fails with RESET_FAILED, its name and the function's own words when that does", async () => {
      await expect(running().reset()).to.be.rejectedWith(/RESET_FAILED.*store.*the second time it does not go/s);
    });
  });

  describe("whose image keeps nothing", () => {
    const running = useRunning(
      defineStack("stateless", (stack) => ({
        web: stack.service("web", ({ image }) => shell(image, "sleep 1000"), { image: NODE }),
      })),
    );
    it("has nothing said of it", () => {
      expect(insideOf(running()).unreset).to.deep.equal([]);
    });
  });
});
