// useTarget
import { expect } from "chai";
import { useTarget } from "stackspec";

describe("the shop", () => {
  const api = useTarget();

  it("answers", async () => {
    await expect(api.get("/")).to.eventually.have.property("status", 200);
  });
});
