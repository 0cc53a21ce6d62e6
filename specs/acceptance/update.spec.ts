import { expect } from "chai";
import { useTarget } from "stackspec";
import { createTodo, deleteAllTodos, listTodos, readTodo, unknownTodo } from "./todobackend.ts";

// A todo can be updated with PUT as well as with PATCH; both keep the fields that are not mentioned.
for (const method of ["patch", "put"] as const)
  describe(`update with ${method.toUpperCase()}`, () => {
    const api = useTarget();

    beforeEach("start with an empty list", () => deleteAllTodos(api));

    it("answers 200", async () => {
      const { url } = await createTodo(api);
      await expect(api[method](url, { title: "bathe the cat" })).to.eventually.have.property("status", 200);
    });

    it("answers with the updated todo", async () => {
      const todo = await createTodo(api, { title: "walk the dog", order: 3 });
      const response = await api[method](todo.url, { title: "bathe the cat" });
      expect(response.body).to.deep.equal({ ...todo, title: "bathe the cat" });
    });

    for (const change of [
      { title: "bathe the cat" },
      { title: null },
      { completed: false },
      { order: 95 },
      { order: null },
      { title: "🛁 the 🐈", completed: false, order: -7 },
    ])
      it(`stores ${JSON.stringify(change)} and keeps everything else`, async () => {
        const todo = await createTodo(api, { title: "walk the dog", completed: true, order: 3 });
        await api[method](todo.url, change);
        await expect(readTodo(api, todo.url)).to.eventually.deep.equal({ ...todo, ...change });
      });

    it("completes a todo", async () => {
      const { url } = await createTodo(api);
      await api[method](url, { completed: true });
      await expect(readTodo(api, url)).to.eventually.have.property("completed", true);
    });

    it("changes nothing when no field is mentioned", async () => {
      const todo = await createTodo(api, { title: "walk the dog", completed: true, order: 3 });
      await api[method](todo.url, {});
      await expect(readTodo(api, todo.url)).to.eventually.deep.equal(todo);
    });

    it("accepts the whole todo, as the API showed it", async () => {
      const todo = await createTodo(api);
      const response = await api[method](todo.url, { ...todo, title: "bathe the cat" });
      expect(response.body).to.deep.equal({ ...todo, title: "bathe the cat" });
    });

    it("keeps the todo's url", async () => {
      const { url } = await createTodo(api);
      const response = await api[method](url, { title: "bathe the cat", completed: true, order: 1 });
      expect(response.body).to.have.property("url", url);
    });

    it("shows in the list", async () => {
      const todo = await createTodo(api);
      await api[method](todo.url, { title: "bathe the cat" });
      await expect(listTodos(api)).to.eventually.deep.equal([{ ...todo, title: "bathe the cat" }]);
    });

    it("leaves other todos alone", async () => {
      const other = await createTodo(api, { title: "feed the fish" });
      const { url } = await createTodo(api);
      await api[method](url, { title: "bathe the cat", completed: true, order: 1 });
      await expect(readTodo(api, other.url)).to.eventually.deep.equal(other);
    });

    it("answers 200 again when it is repeated", async () => {
      const { url } = await createTodo(api);
      await api[method](url, { title: "bathe the cat" });
      await expect(api[method](url, { title: "bathe the cat" })).to.eventually.have.property("status", 200);
    });

    it("answers 404 to an unknown id", async () => {
      await expect(api[method](unknownTodo, { title: "bathe the cat" })).to.eventually.have.property("status", 404);
    });

    it("creates nothing at an unknown id", async () => {
      await api[method](unknownTodo, { title: "bathe the cat" });
      await expect(listTodos(api)).to.eventually.be.empty;
    });
  });
