import { expect } from "chai";
import { useTarget } from "stackspec";
import { createTodo, deleteAllTodos, listTodos } from "./todobackend.ts";

describe("list", () => {
  const api = useTarget();

  beforeEach("start with an empty list", () => deleteAllTodos(api));

  it("answers 200", async () => {
    await expect(api.get("/todos")).to.eventually.have.property("status", 200);
  });

  it("is JSON", async () => {
    const response = await api.get("/todos");
    expect(response.headers["content-type"]).to.match(/^application\/json\b/);
  });

  it("is an empty array when there are no todos", async () => {
    const response = await api.get("/todos");
    expect(response.body).to.deep.equal([]);
  });

  it("shows each todo as the answer to its creation did", async () => {
    const dog = await createTodo(api, { title: "walk the dog", order: 1 });
    const cat = await createTodo(api, { title: "bathe the cat", completed: true, order: 2 });
    await expect(listTodos(api)).to.eventually.deep.equal([dog, cat]);
  });

  it("shows two todos with the same title as two", async () => {
    await createTodo(api, { title: "walk the dog" });
    await createTodo(api, { title: "walk the dog" });
    await expect(listTodos(api)).to.eventually.have.lengthOf(2);
  });

  it("shows all of 120 todos", async () => {
    await Promise.all(Array.from({ length: 120 }, (_, number) => createTodo(api, { title: `todo ${number}` })));
    await expect(listTodos(api)).to.eventually.have.lengthOf(120);
  });

  it("answers 200 to HEAD", async () => {
    await expect(api.head("/todos")).to.eventually.have.property("status", 200);
  });
});
