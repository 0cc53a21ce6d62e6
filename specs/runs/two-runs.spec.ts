import { randomUUID } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { startRun } from "../integration/child.ts";
import { cleanUp } from "../integration/engine.ts";

describe("two runs of the same stack at the same time", () => {
  requireEngine();
  /** Their logs are in the project's folder, where other runs write too. */
  const name = `two-runs-${randomUUID()}`;
  const folders = (): string[] => globSync(`reports/logs/${name}*`).toSorted();
  cleanUp("their logs are gone", async () => {
    for (const folder of folders()) await rm(folder, { recursive: true });
  });

  it("have their logs apart", async function () {
    this.timeout(180_000);
    const begin = async (says: string) => {
      const run = startRun(["logs.ts"], { environment: { NAME: name, SAYS: says, STACKSPEC_SNAPSHOTS: "off" } });
      await run.shown(/under way/);
      return run;
    };
    for (const run of [await begin("first"), await begin("second")]) {
      run.process.stdin!.write("go on\n");
      const { exitCode, output } = await run.ended;
      expect(exitCode, output).to.equal(0);
    }
    const [first, second, ...others] = folders();
    expect([first, others]).to.deep.equal([`reports/logs/${name}`, []]);
    expect(second).to.match(/-[0-9a-f]{8}$/);
    expect([first, second].map((folder) => readFileSync(`${folder}/web.log`, "utf8"))).to.deep.equal([
      "first\nup\n",
      "second\nup\n",
    ]);
  });
});
