import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { useTarget } from "stackspec";

describe("a name", () => {
  const web = useTarget();
  // Databases of a CI system may have names of earlier runs.
  const name = randomUUID();

  it("is remembered", async () => {
    await expect(web.post("/names", { name })).to.eventually.have.property("status", 201);
    await expect(web.get("/names")).to.eventually.have.nested.property("body.names").that.include(name);
  });

  it("is remembered once", async () => {
    await web.post("/names", { name });
    const { body } = await web.get("/names");
    expect(body.names.filter((each: string) => each === name)).to.have.length(1);
  });

  it("is refused when it is empty", async () => {
    await expect(web.post("/names", { name: "" })).to.eventually.have.property("status", 400);
  });
});
