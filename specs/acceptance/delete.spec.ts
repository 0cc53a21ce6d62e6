import { expect } from "chai";
import { useTarget } from "stackspec";
import { createTodo, deleteAllTodos, listTitles, listTodos, unknownTodo } from "./todobackend.ts";

describe("delete", () => {
  const api = useTarget();

  beforeEach("start with an empty list", () => deleteAllTodos(api));

  describe("one todo", () => {
    it("answers 204", async () => {
      const { url } = await createTodo(api);
      await expect(api.delete(url)).to.eventually.have.property("status", 204);
    });

    it("answers without a body", async () => {
      const { url } = await createTodo(api);
      await expect(api.delete(url)).to.eventually.have.property("text", "");
    });

    it("takes it off the list and keeps the others", async () => {
      await createTodo(api, { title: "feed the fish" });
      const { url } = await createTodo(api, { title: "walk the dog" });
      await createTodo(api, { title: "bathe the cat" });
      await api.delete(url);
      await expect(listTitles(api)).to.eventually.deep.equal(["feed the fish", "bathe the cat"]);
    });

    for (const method of ["get", "delete"] as const)
      it(`answers 404 to ${method.toUpperCase()} afterwards`, async () => {
        const { url } = await createTodo(api);
        await api.delete(url);
        await expect(api[method](url)).to.eventually.have.property("status", 404);
      });

    for (const method of ["put", "patch"] as const)
      it(`answers 404 to ${method.toUpperCase()} afterwards`, async () => {
        const { url } = await createTodo(api);
        await api.delete(url);
        await expect(api[method](url, { title: "back again" })).to.eventually.have.property("status", 404);
      });

    it("answers 404 to an unknown id", async () => {
      await expect(api.delete(unknownTodo)).to.eventually.have.property("status", 404);
    });
  });

  describe("all todos", () => {
    it("answers 204", async () => {
      await createTodo(api);
      await expect(api.delete("/todos")).to.eventually.have.property("status", 204);
    });

    it("answers without a body", async () => {
      await createTodo(api);
      await expect(api.delete("/todos")).to.eventually.have.property("text", "");
    });

    it("answers 204 when there are none", async () => {
      await expect(api.delete("/todos")).to.eventually.have.property("status", 204);
    });

    it("leaves the list empty", async () => {
      await createTodo(api, { title: "walk the dog" });
      await createTodo(api, { title: "bathe the cat" });
      await api.delete("/todos");
      await expect(listTodos(api)).to.eventually.be.empty;
    });

    it("leaves nothing at the url of a todo", async () => {
      const { url } = await createTodo(api);
      await api.delete("/todos");
      await expect(api.get(url)).to.eventually.have.property("status", 404);
    });
  });
});
