import { expect } from "chai";
import { useTarget } from "stackspec";
import { createTodo, deleteAllTodos, readTodo, unknownTodo } from "./todobackend.ts";

describe("read", () => {
  const api = useTarget();

  beforeEach("start with an empty list", () => deleteAllTodos(api));

  it("answers 200 to the url of a todo", async () => {
    const { url } = await createTodo(api);
    await expect(api.get(url)).to.eventually.have.property("status", 200);
  });

  it("shows a todo as the answer to its creation did", async () => {
    const todo = await createTodo(api, { title: "walk the dog", completed: true, order: 3 });
    await expect(readTodo(api, todo.url)).to.eventually.deep.equal(todo);
  });

  it("finds a todo by its id", async () => {
    const todo = await createTodo(api);
    await expect(readTodo(api, `/todos/${todo.id}`)).to.eventually.deep.equal(todo);
  });

  it("shows a todo as JSON", async () => {
    const { url } = await createTodo(api);
    const response = await api.get(url);
    expect(response.headers["content-type"]).to.match(/^application\/json\b/);
  });

  it("answers 200 to HEAD of a todo", async () => {
    const { url } = await createTodo(api);
    await expect(api.head(url)).to.eventually.have.property("status", 200);
  });

  it("answers 404 to HEAD of an unknown todo", async () => {
    await expect(api.head(unknownTodo)).to.eventually.have.property("status", 404);
  });

  for (const [name, path] of Object.entries({
    "an id that no todo has": unknownTodo,
    "an id of 20 digits": "/todos/99999999999999999999",
    "an id of 0": "/todos/0",
    "an id that is not a number": "/todos/walk-the-dog",
  }))
    it(`answers 404 to ${name}`, async () => {
      await expect(api.get(path)).to.eventually.have.property("status", 404);
    });

  it("answers 404 to the id of a todo with a letter behind it", async () => {
    const { url } = await createTodo(api);
    await expect(api.get(`${url}x`)).to.eventually.have.property("status", 404);
  });
});
