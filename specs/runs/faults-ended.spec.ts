import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { runOf, startRun } from "../integration/child.ts";
import type { Child } from "../integration/child.ts";
import { RUN_LABEL, cleanUp, engine, leftAfter, removeLabelled } from "../integration/engine.ts";

/** When the things of a killed run are gone is a busy machine's matter: this is the time after which they stay. */
const GONE_WITHIN_MS = 60_000;

/** What `integration/fixtures/faults-under-way.ts` tells. */
interface Told {
  readonly container: string;
  readonly text: string;
}

const told = async (child: Child): Promise<Told> => JSON.parse((await child.shown(/^told (.*)$/m))[1]!) as Told;

describe("a run that ends in the middle of faults", function () {
  this.timeout(180_000);
  requireEngine();
  const name = randomUUID().slice(0, 8);
  const HOME = mkdtempSync(join(tmpdir(), "stackspec-faults-"));
  cleanUp("the kept stack is gone, and what is noted of it", async () => {
    const { Volumes } = await (await engine()).listVolumes({ filters: { name: [`faults-${name}`] } });
    for (const label of new Set(Volumes.map(({ Labels }) => Labels["dev.stackspec.run"])))
      await removeLabelled(`${RUN_LABEL}=${label}`);
    rmSync(HOME, { recursive: true, force: true });
  });

  for (const signal of ["SIGINT", "SIGKILL"] as const)
    it(`leaves nothing behind: ${signal}`, async () => {
      const child = startRun(["faults-under-way.ts"], { environment: { STACK_NAME: randomUUID().slice(0, 8) } });
      await told(child);
      child.process.kill(signal);
      const id = runOf(await child.ended);
      expect(await leftAfter(`${RUN_LABEL}=${id}`, signal === "SIGINT" ? 0 : GONE_WITHIN_MS)).to.deep.equal([]);
    });

  it("leaves a stack that stays up well for the next run", async () => {
    const environment = { HOME, STACK_NAME: name, STACKSPEC_KEEP: "1" };
    const ended = startRun(["faults-under-way.ts"], { environment });
    const { container } = await told(ended);
    ended.process.kill("SIGKILL");
    await ended.ended;
    const next = startRun(["faults-under-way.ts"], { environment: { ...environment, LOOK: "1" } });
    const { output } = await next.ended;
    expect(output).to.include("told");
    const found = await told(next);
    expect(found.container).to.equal(container);
    expect(new Date(found.text).getTime()).to.be.closeTo(Date.now(), 600_000);
  });
});
