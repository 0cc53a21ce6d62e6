import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { openCapture } from "../../src/engine/snapshot/capture.ts";
import { NODE, RUN_LABEL, engine, labelled, referenceOf } from "./engine.ts";

describe("the container that a snapshot is read from", () => {
  requireEngine();

  it("is removed by several at once, as when a clean-up comes in between", async () => {
    const run = randomBytes(4).toString("hex");
    const image = await referenceOf(NODE);
    const capture = await openCapture(await engine(), image, {}, run, new AbortController().signal);
    await Promise.all(Array.from({ length: 8 }, () => capture.remove()));
    expect(await labelled(`${RUN_LABEL}=${run}`)).to.deep.equal([]);
  });
});
