import { isIP } from "node:net";
import { expect } from "chai";
import { type HttpClient, useTarget } from "stackspec";
import { createTodo, deleteAllTodos, listTodos, readTodo } from "./todobackend.ts";

describe("addresses", () => {
  const api = useTarget();

  beforeEach("start with an empty list", () => deleteAllTodos(api));

  it("the root names the absolute address of the list", async () => {
    const response = await api.get("/").accept("application/json");
    expect(response.body).to.deep.equal({ todos: `${api.url}/todos` });
  });

  it("the address of the list leads to the list", async () => {
    const todo = await createTodo(api);
    const root = await api.get("/").accept("application/json");
    const list = await api.get(root.body.todos);
    expect(list.body).to.deep.equal([todo]);
  });

  it("the root is a page for a browser", async () => {
    const response = await api.get("/").accept("text/html");
    expect(response.headers["content-type"]).to.match(/^text\/html\b/);
  });

  it("the page for a browser links to the list", async () => {
    const response = await api.get("/").accept("text/html");
    const links = [...response.text.matchAll(/<a\s[^>]*href="([^"]*)"/g)];
    expect(links.map(([, href = ""]) => new URL(href, `${api.url}/`).href)).to.include(`${api.url}/todos`);
  });

  it("the root answers 200 to HEAD", async () => {
    await expect(api.head("/")).to.eventually.have.property("status", 200);
  });

  it("a todo's url is its id at the address that the client used", async () => {
    const { id, url } = await createTodo(api);
    expect(url).to.equal(`${api.url}/todos/${id}`);
  });

  it("a todo's url is the same in the list, on its own and in the answer to its creation", async () => {
    const created = await createTodo(api);
    const [listed] = await listTodos(api);
    const read = await readTodo(api, created.url);
    expect([listed?.url, read.url]).to.deep.equal([created.url, created.url]);
  });

  it("a todo's url has the host name and port that the client asked for", async function () {
    if (isFoundByName(api)) this.skip();
    const response = await api.post("/todos", { title: "walk the dog" }).set("Host", "todos.example:8080");
    expect(new URL(response.body.url).host).to.equal("todos.example:8080");
  });

  it("a todo's url is https when a proxy says that the client used https", async () => {
    const response = await api.post("/todos", { title: "walk the dog" }).set("X-Forwarded-Proto", "https");
    expect(response.body.url).to.match(/^https:/);
  });
});

/** A deployed target may share its address with others, told apart by the name that the client asks for. */
function isFoundByName(api: HttpClient): boolean {
  const { hostname } = new URL(api.url);
  return hostname !== "localhost" && isIP(hostname.replaceAll(/^\[|\]$/g, "")) === 0;
}
