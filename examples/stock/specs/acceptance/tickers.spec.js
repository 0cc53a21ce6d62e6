import { expect } from "chai";
import { eventually, useTarget } from "stackspec";

describe("a ticker", () => {
  const web = useTarget();

  it("is followed from the start", async () => {
    const { body } = await web.get("/tickers");
    expect(body.tickers.map(({ symbol }) => symbol)).to.deep.equal(["ACME", "HOOL", "INIT"]);
  });

  it("gets the price that the source of quotes tells", async () => {
    await eventually(() => expect(web.get("/tickers/ACME")).to.eventually.have.nested.property("body.price", "27.80"), {
      timeoutMs: 30_000,
    });
  });

  it("that nobody follows is not there", async () => {
    await expect(web.get("/tickers/NONE")).to.eventually.have.property("status", 404);
  });
});
