import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { within } from "../../../containers/app/src/deadline.ts";
import { Unavailable } from "../../../containers/app/src/errors.ts";

describe("a deadline of the app", () => {
  it("lets through what comes in time", async () => {
    expect(await within(60_000, Promise.resolve("done"))).to.equal("done");
  });

  it("lets through a failure that comes in time", async () => {
    await expect(within(60_000, Promise.reject(new Error("out of paper")))).to.be.rejectedWith("out of paper");
  });

  it("ends the wait for what does not come", async () => {
    const never = within(1, new Promise(() => {}));
    await expect(never).to.be.rejectedWith(Unavailable, "expected an end within 1 ms, got none");
  });

  it("keeps nobody waiting who was answered", async () => {
    // A thread ends when it has nothing to wait for.
    const code = `import(require("node:worker_threads").workerData).then(({ within }) => within(600_000, Promise.resolve()))`;
    const deadline = new URL("../../../containers/app/src/deadline.ts", import.meta.url).href;
    const [exitCode] = await once(new Worker(code, { eval: true, workerData: deadline }), "exit");
    expect(exitCode).to.equal(0);
  });
});
