import { expect } from "chai";
import { useTarget } from "stackspec";

describe("static content", () => {
  const api = useTarget();

  it("answers 200 to the style sheet", async () => {
    await expect(api.get("/static/todobackend.css")).to.eventually.have.property("status", 200);
  });

  it("serves the style sheet as text/css", async () => {
    const response = await api.get("/static/todobackend.css");
    expect(response.headers["content-type"]).to.match(/^text\/css\b/);
  });

  it("serves a style sheet with rules in it", async () => {
    const response = await api.get("/static/todobackend.css");
    expect(response.text).to.match(/\{[^}]+\}/);
  });

  it("answers 200 to HEAD of the style sheet", async () => {
    await expect(api.head("/static/todobackend.css")).to.eventually.have.property("status", 200);
  });

  it("answers 404 to a file that does not exist", async () => {
    await expect(api.get("/static/missing.css")).to.eventually.have.property("status", 404);
  });

  it("refuses to list its files", async () => {
    const response = await api.get("/static/");
    expect(response.status).to.be.oneOf([403, 404]);
  });
});
