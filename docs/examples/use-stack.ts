// useStack, StackInUse, StackUse, Checkpoint, Resettable
import { expect } from "chai";
import { useStack } from "stackspec";
import shop from "./define-stack.ts";

describe("an order", () => {
  const stack = useStack(shop, { reset: "test" });

  it("can be made, and is gone again", async () => {
    const empty = await stack.checkpoint();
    await stack.target.http.post("/orders", { item: 7 });
    await empty.restore();
    await expect(stack.target.http.get("/orders")).to.eventually.have.deep.property("body", []);
  });
});
