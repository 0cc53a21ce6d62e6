import { expect } from "chai";
import { useTarget } from "stackspec";
import { createTodo, deleteAllTodos, listTodos, readTodo } from "./todobackend.ts";

describe("bad input", () => {
  const api = useTarget();

  beforeEach("start with an empty list", () => deleteAllTodos(api));

  const invalid: [name: string, field: string, body: object][] = [
    ["a title of 257 letters", "title", { title: "x".repeat(257) }],
    ["a title of 257 emoji", "title", { title: "🐕".repeat(257) }],
    ["a number as title", "title", { title: 42 }],
    ["a list as title", "title", { title: ["walk the dog"] }],
    ["a word as completed", "completed", { title: "walk the dog", completed: "yes" }],
    ["null as completed", "completed", { title: "walk the dog", completed: null }],
    ["a fraction as order", "order", { title: "walk the dog", order: 1.5 }],
    ["a word as order", "order", { title: "walk the dog", order: "first" }],
    ["an order above 32 bits", "order", { title: "walk the dog", order: 2_147_483_648 }],
    ["an order below 32 bits", "order", { title: "walk the dog", order: -2_147_483_649 }],
    ["an unknown field", "colour", { title: "walk the dog", colour: "green" }],
  ];

  for (const [name, field, body] of invalid)
    describe(name, () => {
      it("makes POST answer 400", async () => {
        await expect(api.post("/todos", body)).to.eventually.have.property("status", 400);
      });

      it(`is explained under "${field}"`, async () => {
        const response = await api.post("/todos", body);
        expect(response.body).to.have.property("errors").with.all.keys(field);
        expect(response.body.errors[field]).to.be.an("array").with.lengthOf.at.least(1);
        for (const message of response.body.errors[field]) expect(message).to.be.a("string").that.matches(/\S/);
      });

      it("is not stored by POST", async () => {
        await api.post("/todos", body);
        await expect(listTodos(api)).to.eventually.be.empty;
      });

      for (const method of ["put", "patch"] as const) {
        it(`makes ${method.toUpperCase()} answer 400`, async () => {
          const { url } = await createTodo(api);
          await expect(api[method](url, body)).to.eventually.have.property("status", 400);
        });

        it(`changes nothing by ${method.toUpperCase()}`, async () => {
          const todo = await createTodo(api, { title: "bathe the cat", completed: true, order: 3 });
          await api[method](todo.url, body);
          await expect(readTodo(api, todo.url)).to.eventually.deep.equal(todo);
        });
      }
    });

  it("is explained for every field that is wrong", async () => {
    const response = await api.post("/todos", { title: 42, completed: "yes", order: 1.5, colour: "green" });
    expect(response.body).to.have.property("errors").with.all.keys("title", "completed", "order", "colour");
  });

  for (const [name, text] of Object.entries({
    "malformed JSON": '{ "title": "walk the dog"',
    "JSON that is an empty list": "[]",
    "JSON that is a list": '[{ "title": "walk the dog" }]',
    "JSON that is a text": '"walk the dog"',
    "JSON that is a number": "42",
    "JSON that is null": "null",
  }))
    for (const method of ["post", "put", "patch"] as const)
      it(`answers 400 to ${method.toUpperCase()} with ${name}`, async () => {
        const path = method === "post" ? "/todos" : (await createTodo(api)).url;
        const request = api[method](path).type("application/json").send(text);
        await expect(request).to.eventually.have.property("status", 400);
      });

  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
    for (const method of ["post", "put", "patch"] as const)
      it(`answers 415 to ${method.toUpperCase()} with a body of type ${type}`, async () => {
        const path = method === "post" ? "/todos" : (await createTodo(api)).url;
        const request = api[method](path).type(type).send('{ "title": "walk the dog" }');
        await expect(request).to.eventually.have.property("status", 415);
      });

  it("answers 413 to a body of 200 kB", async () => {
    const request = api.post("/todos", { title: "x".repeat(200_000) });
    await expect(request).to.eventually.have.property("status", 413);
  });
});
