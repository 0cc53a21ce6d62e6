import { expect } from "chai";
import { useTarget } from "stackspec";

describe("the page", () => {
  const web = useTarget();
  const views = async () => Number(/seen (\d+) times/.exec((await web.get("/")).text)?.[1]);

  it("says how often it was seen", async () => {
    await expect(web.get("/"))
      .to.eventually.include({ status: 200 })
      .and.have.property("text")
      .that.matches(/^This page has been seen \d+ times\.$/);
  });

  it("counts each view", async () => {
    const before = await views();
    expect(await views()).to.equal(before + 1);
  });
});
