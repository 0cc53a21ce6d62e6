import { expect } from "chai";
import { useTarget } from "stackspec";
import { createTodo, deleteAllTodos, listTitles, readTodo } from "./todobackend.ts";

describe("create", () => {
  const api = useTarget();

  beforeEach("start with an empty list", () => deleteAllTodos(api));

  it("answers 201", async () => {
    await expect(api.post("/todos", { title: "walk the dog" })).to.eventually.have.property("status", 201);
  });

  it("answers with the new todo's title", async () => {
    const response = await api.post("/todos", { title: "walk the dog" });
    expect(response.body).to.have.property("title", "walk the dog");
  });

  it("answers with the fields id, title, completed, order and url, and no others", async () => {
    await expect(createTodo(api)).to.eventually.have.all.keys("id", "title", "completed", "order", "url");
  });

  it("answers with a Location that equals the new todo's url", async () => {
    const response = await api.post("/todos", { title: "walk the dog" });
    expect(response.headers).to.have.property("location", response.body.url);
  });

  it("answers with a Location that leads to the new todo", async () => {
    const { headers, body } = await api.post("/todos", { title: "walk the dog" });
    const { location = "/no-location-given" } = headers;
    await expect(readTodo(api, location)).to.eventually.deep.equal(body);
  });

  it("adds the new todo to the list", async () => {
    await createTodo(api, { title: "walk the dog" });
    await expect(listTitles(api)).to.eventually.deep.equal(["walk the dog"]);
  });

  it("gives the new todo a whole number as its id", async () => {
    const { id } = await createTodo(api);
    expect(id).to.satisfy(Number.isInteger);
  });

  it("takes a todo without a completed field as not completed", async () => {
    await expect(createTodo(api, { title: "walk the dog" })).to.eventually.have.property("completed", false);
  });

  it("takes a todo without an order field as having none", async () => {
    await expect(createTodo(api, { title: "walk the dog" })).to.eventually.have.property("order", null);
  });

  it("takes a todo without a title field as having none", async () => {
    await expect(createTodo(api, {})).to.eventually.have.property("title", null);
  });

  it("accepts null as a title", async () => {
    await expect(createTodo(api, { title: null })).to.eventually.have.property("title", null);
  });

  it("stores a todo that is completed from the start", async () => {
    const { url } = await createTodo(api, { title: "walk the dog", completed: true });
    await expect(readTodo(api, url)).to.eventually.have.property("completed", true);
  });

  for (const order of [95, 0, -1, 2_147_483_647, -2_147_483_648])
    it(`stores ${order} as an order`, async () => {
      const { url } = await createTodo(api, { title: "walk the dog", order });
      await expect(readTodo(api, url)).to.eventually.have.property("order", order);
    });

  for (const [name, title] of Object.entries({
    "a title of 256 letters": "x".repeat(256),
    "a title of 256 emoji": "🐕".repeat(256),
    "a title in several scripts": "Hund ausführen, 犬の散歩, прогулка с собакой, नमस्ते",
    "a title written from right to left": "לטייל עם הכלב، نزهة الكلب",
    "a title with emoji of several parts": "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇳🇿",
    "a title with letters and accents apart": "cafe\u0301 n\u0303",
    "a title with quotes, markup and backslashes": `<b>"it's" \\ 100 % & more</b>; -- ✓`,
    "a title with spaces around it": "  walk the dog  ",
  }))
    it(`stores ${name} unchanged`, async () => {
      const { url } = await createTodo(api, { title });
      await expect(readTodo(api, url)).to.eventually.have.property("title", title);
    });

  it("accepts a content type that names its character set", async () => {
    const request = api.post("/todos", { title: "walk the dog" });
    request.type("application/json; charset=utf-8");
    await expect(request).to.eventually.have.property("status", 201);
  });

  it("stores every one of 20 todos that are created at once", async () => {
    const titles = Array.from({ length: 20 }, (_, number) => `todo ${number}`);
    await Promise.all(titles.map((title) => createTodo(api, { title })));
    expect(await listTitles(api)).to.have.members(titles);
  });

  it("gives 20 todos that are created at once 20 different ids", async () => {
    const todos = await Promise.all(Array.from({ length: 20 }, () => createTodo(api)));
    expect(new Set(todos.map((todo) => todo.id))).to.have.property("size", 20);
  });
});
