import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { once } from "node:events";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { untilShown } from "../output.ts";
import { GONE_WITHIN_MS, RUN_LABEL, cleanUp, leftAfter } from "../integration/engine.ts";
import { makeShop } from "./shop.ts";
import type { Answer, Shop } from "./shop.ts";

describe("a run with --keep-on-failure", function () {
  this.timeout(180_000);
  requireEngine();

  const words = ["start", "--keep-on-failure"];
  let shop: Shop;
  before("there is a project", async () => {
    shop = await makeShop(randomUUID().slice(0, 8));
  });
  cleanUp("it is gone", () => shop.remove());

  describe("of which no spec fails", () => {
    let answer: Answer;
    before("it has ended", async () => {
      answer = await shop.ask(words, { environment: { STACK: "shop" } });
    });

    it("is green, and leaves nothing", async () => {
      expect(answer.exitCode, answer.output).to.equal(0);
      expect(answer.output).not.to.include("stays up");
      await expect(shop.kept()).to.eventually.deep.equal([]);
    });
  });

  describe("that is killed", () => {
    /** Kills a run in a spec. @returns whose its stack was */
    async function kill(): Promise<string> {
      const run = shop.begin(words, { environment: { STACK: "shop", HOLD: "1" } });
      const ended = once(run, "close");
      let output = "";
      const listeners = new Set<() => void>();
      run.stdout.setEncoding("utf8").on("data", (piece: string) => {
        output += piece;
        for (const listener of listeners) listener();
      });
      await untilShown(/^holds$/m, () => output, listeners, ended);
      const [owner] = await shop.kept();
      run.kill("SIGKILL");
      await ended;
      return owner!;
    }

    it("leaves nothing", async () => {
      const owner = await kill();
      await expect(leftAfter(`${RUN_LABEL}=${owner}`, GONE_WITHIN_MS)).to.eventually.deep.equal([]);
    });

    it("takes nothing from a run that begins at once", async () => {
      await kill();
      const { exitCode, output } = await shop.ask(words, { environment: { STACK: "shop" } });
      expect(exitCode, output).to.equal(0);
      await expect(shop.kept()).to.eventually.deep.equal([]);
    });
  });

  it("is refused with parallel workers", async () => {
    const { exitCode, errors } = await shop.ask([...words, "--parallel"], { environment: { STACK: "shop" } });
    expect(exitCode).to.equal(2);
    expect(errors).to.equal("USAGE: --keep-on-failure: expected a run in one process, got --parallel\n");
  });

  describe("of which a spec fails", () => {
    let answer: Answer;
    before("it has ended", async () => {
      answer = await shop.ask(words, { environment: { STACK: "shop", FAIL: "1" } });
    });

    it("fails, and runs no spec after that", () => {
      expect(answer.exitCode).to.equal(1);
      expect(answer.output).to.include("1 passing").and.to.include("1 failing").and.not.to.include("closed");
    });

    it("says that the stack stays up, and how to get in", () => {
      expect(answer.output).to.match(
        /^The stack shop-\S+ stays up as the spec that failed has left it; stackspec down removes it$/m,
      );
      expect(answer.output).to.match(/^ {2}web +127\.0\.0\.1:\d+ \(8000\)$/m);
      expect(answer.output).to.match(/^ {2}stackspec shell cache · stackspec shell db · stackspec logs · /m);
    });

    it("leaves databases and volumes as the spec has left them", async () => {
      await expect(shop.tell(["shell", "db", "-tA", "-c", "select name from items"])).to.eventually.equal(
        "first\nsold\n",
      );
      await expect(shop.tell(["exec", "web", "cat", "/files/receipt"])).to.eventually.equal("sold\n");
    });

    it("leaves them for the next run that keeps the stack, which brings them back", async () => {
      const run = shop.begin(["start", "--keep", "--grep", "answers"], { environment: { STACK: "shop" } });
      run.stdin.end();
      await expect(text(run.stdout)).to.eventually.include("1 passing");
      await expect(shop.tell(["shell", "db", "-tA", "-c", "select name from items"])).to.eventually.equal("first\n");
    });
  });

  for (const [what, where, problem] of [
    ["no state", ["package.json"], /^SNAPSHOT_FAILED: package.json: /],
    [
      "a folder without any",
      ["specs"],
      /^USAGE: stackspec up --as-failed: expected a state in specs\/, got none: the setting/,
    ],
    [
      "nothing",
      ["nowhere"],
      /^USAGE: stackspec up --as-failed: expected a folder of reports, or a file, got "nowhere"/,
    ],
  ] as const)
    it(`refuses to open ${what}`, async () => {
      const { exitCode, errors } = await shop.ask(["up", "--as-failed", ...where]);
      expect(exitCode).not.to.equal(0);
      expect(errors).to.match(problem);
    });
});
