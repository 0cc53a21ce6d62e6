import { expect } from "chai";

// Runs in a browser, by mocha in the page, as the specs of todobackend.com do: what they ask of a todobackend, whose list is at
// the address behind the question mark.

interface Todo {
  readonly title: string;
  readonly completed: boolean;
  readonly order: number;
  readonly url: string;
}

/** The titles of specs that passed, and why the others have not. */
export interface PageResults {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

declare global {
  interface Window {
    results?: PageResults;
  }
}

const root = location.search.slice(1);

async function ask<T>(method: string, url: string, body?: object): Promise<T> {
  const json = body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const response = await fetch(url, { method, ...json });
  expect(response.ok, `${method} ${url} answered ${response.status}`).to.equal(true);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}
const get = <T = Todo>(url: string) => ask<T>("GET", url);
const list = () => get<Todo[]>(root);
const add = (fields: object = { title: "walk the dog" }) => ask<Todo>("POST", root, fields);
const patch = (url: string, fields: object) => ask<Todo>("PATCH", url, fields);

describe("a todobackend", () => {
  describe("as such", () => {
    it("answers GET", list);
    it("answers POST with the todo", async () => {
      expect(await add({ title: "a todo" })).to.have.property("title", "a todo");
    });
    it("answers DELETE", () => ask("DELETE", root));
    it("has no todos after DELETE", async () => {
      await add();
      await ask("DELETE", root);
      expect(await list()).to.deep.equal([]);
    });
  });

  describe("that stores todos", () => {
    beforeEach(() => ask("DELETE", root));

    it("lists a new todo", async () => {
      await add({ title: "walk the dog" });
      expect((await list()).map(({ title }) => title)).to.deep.equal(["walk the dog"]);
    });
    it("has new todos not completed", async () => {
      await add();
      expect((await list())[0]).to.have.property("completed", false);
    });
    it("gives new todos an address in its answer", async () => {
      expect((await add()).url).to.be.a("string");
    });
    it("gives new todos an address in its list", async () => {
      await add();
      expect((await list())[0]!.url).to.be.a("string");
    });
    it("answers at that address with the todo", async () => {
      const { url } = await add({ title: "my todo" });
      expect(await get(url)).to.have.property("title", "my todo");
    });
  });

  describe("that has a todo", () => {
    beforeEach(() => ask("DELETE", root));

    it("leads from its list to the todo", async () => {
      await add({ title: "first" });
      await add({ title: "second" });
      for (const { url, title } of await list()) expect(await get(url)).to.have.property("title", title);
    });
    it("changes its title", async () => {
      const { url } = await add({ title: "initial" });
      expect(await patch(url, { title: "changed" })).to.have.property("title", "changed");
    });
    it("completes it", async () => {
      const { url } = await add();
      expect(await patch(url, { completed: true })).to.have.property("completed", true);
    });
    it("keeps changes", async () => {
      const { url } = await add();
      await patch(url, { title: "changed", completed: true });
      expect(await get(url)).to.include({ title: "changed", completed: true });
      expect((await list())[0]).to.include({ title: "changed", completed: true });
    });
    it("deletes it", async () => {
      const { url } = await add();
      await ask("DELETE", url);
      expect(await list()).to.deep.equal([]);
    });
  });

  describe("that orders todos", () => {
    it("takes an order for a new one", async () => {
      expect(await add({ title: "walk", order: 523 })).to.have.property("order", 523);
    });
    it("changes an order, and keeps it", async () => {
      const { url } = await add({ title: "walk", order: 10 });
      expect(await patch(url, { order: 95 })).to.have.property("order", 95);
      expect(await get(url)).to.have.property("order", 95);
    });
  });
});

const passed: string[] = [];
const failed: string[] = [];
mocha
  .run()
  .on("pass", (test) => passed.push(test.fullTitle()))
  .on("fail", (test, { message }: Error) => failed.push(`${test.fullTitle()}: ${message}`))
  .on("end", () => {
    window.results = { passed, failed };
  });
