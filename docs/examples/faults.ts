// Fault, Faults, ServiceName, Slowness, VolumeName
import { expect } from "chai";
import { useStack } from "stackspec";
import shop from "./define-stack.ts";

describe("the shop", () => {
  const stack = useStack(shop);

  it("says that it is unavailable while its database is gone", async () => {
    const cut = await stack.cut("db");
    await expect(stack.target.http.get("/orders")).to.eventually.have.property("status", 503);
    await cut.heal();
  });
});
