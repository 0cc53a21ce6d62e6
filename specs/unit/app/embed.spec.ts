import { expect } from "chai";
import { startEmbedded } from "todobackend/embed";
import { send } from "./client.ts";

describe("the embedded app", () => {
  it("listens on loopback only", async () => {
    const app = await startEmbedded();
    expect(app.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    await app.stop();
  });

  it("shares nothing with another one", async () => {
    const [one, other] = await Promise.all([startEmbedded(), startEmbedded()]);
    await send("POST", `${one.url}/todos`, { title: "mine" });
    expect((await send("GET", `${other.url}/todos`)).body).to.deep.equal([]);
    await Promise.all([one.stop(), other.stop()]);
  });

  it("does not answer any more once it is stopped", async () => {
    const app = await startEmbedded();
    await app.stop();
    await expect(fetch(app.url)).to.be.rejected.and.eventually.have.nested.property("cause.code", "ECONNREFUSED");
  });

  it("may be stopped twice", async () => {
    const app = await startEmbedded();
    await app.stop();
    expect(await app.stop()).to.equal(undefined);
  });

  it("leaves the globals of its host as they are", async () => {
    const { Request, Response } = globalThis;
    const app = await startEmbedded();
    expect([globalThis.Request, globalThis.Response]).to.deep.equal([Request, Response]);
    await app.stop();
  });
});
