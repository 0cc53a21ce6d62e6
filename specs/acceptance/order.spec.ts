import { expect } from "chai";
import { useTarget } from "stackspec";
import { createTodo, deleteAllTodos, listTitles } from "./todobackend.ts";

describe("order", () => {
  const api = useTarget();

  beforeEach("start with an empty list", () => deleteAllTodos(api));

  it("lists todos from the lowest order to the highest", async () => {
    await createTodo(api, { title: "second", order: 20 });
    await createTodo(api, { title: "third", order: 30 });
    await createTodo(api, { title: "first", order: 10 });
    await expect(listTitles(api)).to.eventually.deep.equal(["first", "second", "third"]);
  });

  it("compares orders as numbers, not as text", async () => {
    await createTodo(api, { title: "ten", order: 10 });
    await createTodo(api, { title: "nine", order: 9 });
    await expect(listTitles(api)).to.eventually.deep.equal(["nine", "ten"]);
  });

  it("lists a negative order before 0, and 0 before 1", async () => {
    await createTodo(api, { title: "one", order: 1 });
    await createTodo(api, { title: "zero", order: 0 });
    await createTodo(api, { title: "minus one", order: -1 });
    await expect(listTitles(api)).to.eventually.deep.equal(["minus one", "zero", "one"]);
  });

  it("lists todos without an order last", async () => {
    await createTodo(api, { title: "no order" });
    await createTodo(api, { title: "the highest order there is", order: 2_147_483_647 });
    await createTodo(api, { title: "the lowest order there is", order: -2_147_483_648 });
    const titles = await listTitles(api);
    expect(titles).to.deep.equal(["the lowest order there is", "the highest order there is", "no order"]);
  });

  it("lists todos of the same order as they were created", async () => {
    for (const title of ["first", "second", "third"]) await createTodo(api, { title, order: 1 });
    await expect(listTitles(api)).to.eventually.deep.equal(["first", "second", "third"]);
  });

  it("lists todos without an order as they were created", async () => {
    for (const title of ["first", "second", "third"]) await createTodo(api, { title });
    await expect(listTitles(api)).to.eventually.deep.equal(["first", "second", "third"]);
  });

  it("moves a todo when its order changes", async () => {
    await createTodo(api, { title: "walk the dog", order: 1 });
    const cat = await createTodo(api, { title: "bathe the cat", order: 2 });
    await api.patch(cat.url, { order: 0 });
    await expect(listTitles(api)).to.eventually.deep.equal(["bathe the cat", "walk the dog"]);
  });

  it("moves a todo to the end when its order is taken away", async () => {
    const dog = await createTodo(api, { title: "walk the dog", order: 1 });
    await createTodo(api, { title: "bathe the cat", order: 2 });
    await api.patch(dog.url, { order: null });
    await expect(listTitles(api)).to.eventually.deep.equal(["bathe the cat", "walk the dog"]);
  });

  it("keeps a todo where it is when another field changes", async () => {
    const dog = await createTodo(api, { title: "walk the dog" });
    await createTodo(api, { title: "bathe the cat" });
    await api.patch(dog.url, { completed: true });
    await expect(listTitles(api)).to.eventually.deep.equal(["walk the dog", "bathe the cat"]);
  });
});
