/** What both ways ask of the shop. */
import { expect } from "chai";
import { useTarget } from "stackspec";

describe("the shop", () => {
  const api = useTarget();

  it("has all that it needs", async () => {
    const { body } = await api.get("/health");
    expect(body).to.deep.equal({ db: true, queue: true, cache: true });
  });

  it("answers two hundred times", async () => {
    for (let asked = 0; asked < 200; asked += 1) expect(await api.get("/health")).to.have.property("status", 200);
  });
});
