// eventually, EventuallyOptions
import { expect } from "chai";
import { eventually, useTarget } from "stackspec";

describe("the shop", () => {
  const api = useTarget();

  it("is healthy some time after its start", async () => {
    await eventually(() => expect(api.get("/health")).to.eventually.have.nested.property("body.status", "healthy"), {
      timeoutMs: 30_000,
    });
  });
});
