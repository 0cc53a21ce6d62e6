import { randomUUID } from "node:crypto";
import { MariaDbContainer } from "@testcontainers/mariadb";
import { expect } from "chai";
import { defineStack, requireEngine, startStack } from "stackspec";
import { startRun } from "../integration/child.ts";
import { cleanUp, engine, failureOf } from "../integration/engine.ts";

/** What `integration/fixtures/mariadb.ts` tells: what it has found, and what it has found after changing that and a reset. */
interface Told {
  readonly found: readonly { readonly seed: string; readonly next: string; readonly views: number }[];
  readonly again: Told["found"];
}

describe("a MariaDB server that tasks have written to", function () {
  this.timeout(120_000);
  requireEngine();
  const name = randomUUID().slice(0, 8);
  let first: Told;
  let restored: Told;

  async function run(): Promise<Told> {
    const { exitCode, output } = await startRun(["mariadb.ts"], { environment: { STACK_NAME: name } }).ended;
    expect(exitCode, output).to.equal(0);
    return JSON.parse(/^told (.*)$/m.exec(output)![1]!) as Told;
  }

  before("it has been run, and started from its snapshot", async () => {
    first = await run();
    restored = await run();
  });
  cleanUp("its images are gone", async () => {
    const docker = await engine();
    const filters = { reference: [`localhost/stackspec/snapshot/mariadb-${name}/*`] };
    const images = await docker.listImages({ filters });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
  });

  for (const [what, told] of Object.entries({ "": () => first, ", restored from a snapshot": () => restored })) {
    it(`has rows, sequences and views as the tasks left them${what}`, () => {
      expect(told().found).to.have.lengthOf(1);
      expect(told().found[0]).to.include({ next: "2", views: 1 });
    });

    it(`is reset to those, while an application stays connected${what}`, () => {
      expect(told().again).to.deep.equal(told().found);
    });
  }
});

describe("a MariaDbContainer", function () {
  this.timeout(60_000);
  requireEngine();

  it("fails with the server's own words when that refuses its user", async () => {
    const refusing = defineStack("mariadb-refuses", ({ service }) => ({
      db: service(
        "db",
        ({ image }) =>
          new MariaDbContainer(image).withCopyContentToContainer([
            {
              content: "ALTER USER test IDENTIFIED BY 'another';",
              target: "/docker-entrypoint-initdb.d/change.sql",
            },
          ]),
        { image: "mariadb:11.8" },
      ),
    }));
    const failure = await failureOf(startStack(refusing));
    expect(failure.sentence).to.match(/^SQL_REFUSED: db: the server refuses the connection: .*'test'/);
  });
});
