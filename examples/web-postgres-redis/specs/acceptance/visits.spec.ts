import { expect } from "chai";
import { useTarget } from "stackspec";

describe("visits", () => {
  const web = useTarget();

  it("are counted", async () => {
    const first = (await web.get("/")).body.visits;
    await expect(web.get("/")).to.eventually.have.nested.property("body.visits", first + 1);
  });
});
