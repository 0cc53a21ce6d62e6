import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { startRun } from "../integration/child.ts";
import { RUN_LABEL, STACK_LABEL, cleanUp, engine, removeLabelled } from "../integration/engine.ts";

describe("a kept stack whose service says in its log that it is ready", () => {
  requireEngine();
  const name = `kept-log-${randomUUID().slice(0, 8)}`;
  cleanUp("it is gone", async () => {
    const networks = await (await engine()).listNetworks({ filters: { label: [STACK_LABEL] } });
    for (const { Name, Labels } of networks)
      if (Name.includes(name)) await removeLabelled(`${RUN_LABEL}=${Labels![RUN_LABEL]}`);
  });

  async function run(): Promise<string> {
    const environment = { STACK_NAME: name, STACKSPEC_KEEP: "1", STACKSPEC_START_TIMEOUT_MS: "20000" };
    const { exitCode, output } = await startRun(["kept-log.ts"], { environment }).ended;
    expect(exitCode, output).to.equal(0);
    return /^told (\w+)$/m.exec(output)![1]!;
  }

  it("is ready for the next run too, which did not hear it say so", async function () {
    this.timeout(120_000);
    const first = await run();
    expect(await run()).to.equal(first);
  });
});
