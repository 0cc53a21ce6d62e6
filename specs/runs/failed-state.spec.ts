import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Client } from "pg";
import { requireEngine } from "stackspec";
import { cleanUp, engine } from "../integration/engine.ts";
import { makeShop } from "./shop.ts";
import type { Answer, Shop } from "./shop.ts";

describe("a run with snapshotOnFailure, of which a spec fails", function () {
  this.timeout(180_000);
  requireEngine();

  const here = { STACK: "shop", SECRET: "1", FAIL: "1", STACKSPEC_SNAPSHOT_ON_FAILURE: "1" };
  let shop: Shop;
  let answer: Answer;
  before("it has ended", async () => {
    shop = await makeShop(randomUUID().slice(0, 8));
    answer = await shop.ask(["start"], { environment: here });
  });
  cleanUp("it is gone", () => shop.remove());
  /** What there is on the engine of states that have been opened. */
  const states = async () =>
    (await engine()).listImages({
      filters: { reference: [`localhost/stackspec/snapshot/${shop.name}/*:failed-*`] },
    });

  it("goes on, says where it has written the state, and leaves nothing up", async () => {
    const file = `reports/failed/acceptance.${shop.name}.tar.zst`;
    expect(answer.output).to.include(
      `The state of ${shop.name} in which the first spec has failed: stackspec up --as-failed ${file}`,
    );
    expect(answer.output).to.include("closed");
    await expect(shop.kept()).to.eventually.deep.equal([]);
  });

  it("says that it writes none where what fails is a hook before all specs", async () => {
    const environment = { ...here, FAIL: "", FAIL_HOOK: "1", JUNIT_REPORT_PATH: "hook/" };
    const { output } = await shop.ask(["start"], { environment });
    expect(output).to.match(/^No state is written: what failed was a hook around specs, and not one of them$/m);
    expect(existsSync(join(shop.folder, "hook/failed"))).to.equal(false);
  });

  it("leaves nothing of it on the engine where no such stack is declared", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "stackspec-elsewhere-"));
    const { exitCode, errors } = await shop.ask(["up", "--as-failed", join(shop.folder, "reports")], { cwd });
    rmSync(cwd, { recursive: true });
    expect([exitCode, errors]).to.deep.equal([
      2,
      `USAGE: stackspec up: expected a stack declared in specs/stacks/, got ${shop.name}\n`,
    ]);
    await expect(states()).to.eventually.deep.equal([]);
  });

  describe("and whose state is opened on another machine", () => {
    const HOME = mkdtempSync(join(tmpdir(), "stackspec-other-"));
    /** There passwords are others. */
    const there = { SECRET: "1", HOME };
    const tell = (words: readonly string[]): Promise<string> => shop.tell(words, { environment: there });
    const items = (): Promise<string> => tell(["shell", "db", "-tA", "-c", "select name from items"]);
    before("it is up", async () => {
      expect(await tell(["up", "--as-failed"])).to.include(`The stack ${shop.name} stays up`);
    });
    after("what is noted there is gone", () => rmSync(HOME, { recursive: true }));

    it("has databases and volumes as the spec has left them", async () => {
      await expect(items()).to.eventually.equal("first\nsold\n");
      await expect(tell(["shell", "cache", "get", "sold"])).to.eventually.equal("1\n");
      await expect(tell(["exec", "web", "cat", "/files/receipt"])).to.eventually.equal("sold\n");
    });

    it("lets in whoever has this machine's passwords", async () => {
      const url = (await tell(["url", "db"])).trim();
      const client = new Client(url);
      await client.connect();
      const { rowCount } = await client.query("select from items").finally(() => client.end());
      expect(rowCount).to.equal(2);
    });

    it("is as it was when a service is restarted", async () => {
      await tell(["restart", "web"]);
      await expect(items()).to.eventually.equal("first\nsold\n");
    });

    it("leaves no snapshot that another start could find", async () => {
      await expect(states()).to.eventually.deep.equal([]);
    });

    it("is started anew by a reset", async () => {
      await tell(["reset"]);
      await expect(items()).to.eventually.equal("first\n");
      const { exitCode } = await shop.ask(["exec", "web", "cat", "/files/receipt"], { environment: there });
      expect(exitCode).to.equal(1);
    });
  });
});
