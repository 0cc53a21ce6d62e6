import { text } from "node:stream/consumers";
import { expect } from "chai";
import { httpClient } from "stackspec";
import { recordExchanges } from "../../src/http/exchange.ts";
import { serveHttp } from "./server.ts";

describe("the HTTP client", () => {
  let server: Awaited<ReturnType<typeof serveHttp>>;

  before("serve what it asks for", async () => {
    server = await serveHttp(async (request, response) => {
      const { method, url, headers } = request;
      if (url === "/moved") return response.writeHead(302, { Location: "/elsewhere" }).end();
      if (url === "/gone") return response.writeHead(404, { "Content-Type": "text/plain" }).end("gone");
      if (url === "/broken") return request.socket.destroy();
      const answer = { method, url, type: headers["content-type"], body: await text(request) };
      return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  after("stop", () => server.close());

  for (const method of ["get", "post", "put", "patch", "delete", "options"] as const)
    it(`sends ${method.toUpperCase()}`, async () => {
      const { body } = await httpClient(server.url)[method]("/todos");
      expect(body).to.have.property("method", method.toUpperCase());
    });

  it("sends HEAD", async () => {
    await expect(httpClient(server.url).head("/todos")).to.eventually.have.property("status", 200);
  });

  for (const method of ["post", "put", "patch"] as const)
    it(`sends a body as JSON with ${method.toUpperCase()}`, async () => {
      const { body } = await httpClient(server.url)[method]("/todos", { title: "walk the dog" });
      expect(body).to.deep.include({ type: "application/json", body: '{"title":"walk the dog"}' });
    });

  for (const [base, path, url] of [
    ["", "/todos", "/todos"],
    ["/", "/todos", "/todos"],
    ["", "todos", "/todos"],
    ["", "", "/"],
    ["/api/v1", "/todos", "/api/v1/todos"],
    ["/api/v1/", "/todos", "/api/v1/todos"],
    ["/api/v1/", "todos?done=1", "/api/v1/todos?done=1"],
  ] as const)
    it(`asks http://host${base} for ${url} when told "${path}"`, async () => {
      const { body } = await httpClient(`${server.url}${base}`).get(path);
      expect(body).to.have.property("url", url);
    });

  it("follows an absolute address as it is", async () => {
    const { body } = await httpClient("http://127.0.0.1:1/api").get(`${server.url}/todos/7`);
    expect(body).to.have.property("url", "/todos/7");
  });

  it("knows its address, with no slash at the end", () => {
    expect(httpClient("http://todo.example/api//").url).to.equal("http://todo.example/api");
  });

  it("takes a 404 for an answer", async () => {
    await expect(httpClient(server.url).get("/gone")).to.eventually.deep.include({ status: 404, text: "gone" });
  });

  it("does not follow redirects", async () => {
    await expect(httpClient(server.url).get("/moved")).to.eventually.have.property("status", 302);
  });

  it("fails when there is no answer", async () => {
    await expect(httpClient(server.url).get("/broken")).to.be.rejectedWith("socket hang up");
  });

  it("is superagent's: a request takes headers and queries", async () => {
    const { body } = await httpClient(server.url).get("/todos").query({ done: 1 });
    expect(body).to.have.property("url", "/todos?done=1");
  });

  for (const url of ["", "todo.example", "/todos", "ftp://todo.example", "http//todo.example"])
    it(`is not made for the address "${url}"`, () => {
      expect(() => httpClient(url)).to.throw(
        `USAGE: URL: expected an http or https address such as https://host/todos, got "${url}"`,
      );
    });
});

describe("the record of what a spec has asked", () => {
  const record = recordExchanges();
  let server: Awaited<ReturnType<typeof serveHttp>>;
  const api = () => httpClient(server.url);

  before("serve", async () => {
    server = await serveHttp((request, response) => {
      request.resume();
      if (request.url === "/broken") return request.socket.destroy();
      response.sendDate = false;
      response.writeHead(request.url === "/long" ? 200 : 404, { "Set-Cookie": "session=1" });
      return response.end(request.url === "/long" ? "x".repeat(3_000) : "nothing here");
    });
  });
  after("stop", () => server.close());
  beforeEach("forget", () => record.forget());

  it("is empty at first", () => {
    expect(record.text()).to.equal("");
  });

  it("shows method and address", async () => {
    await api().get("/todos");
    expect(record.text()).to.match(new RegExp(`^→ GET ${server.url}/todos$`, "m"));
  });

  it("shows the body that was sent", async () => {
    await api().post("/todos", { title: "walk the dog" });
    expect(record.text()).to.include('{"title":"walk the dog"}');
  });

  it("shows status and body of the answer", async () => {
    await api().get("/todos");
    expect(record.text())
      .to.match(/^← 404$/m)
      .and.include("nothing here");
  });

  it("says that there was no answer, and why", async () => {
    await api()
      .get("/broken")
      .catch(() => {});
    expect(record.text()).to.include("← no answer: socket hang up");
  });

  it("hides what proves who one is", async () => {
    await api().get("/todos").auth("todo", "s3cret");
    expect(record.text()).to.include("Authorization: ***").and.include("set-cookie: ***");
  });

  it("cuts a long body and says how long it was", async () => {
    await api().get("/long");
    expect(record.text()).to.include(`${"x".repeat(2_000)}… (3000 characters)`);
  });

  it("has the last ten", async () => {
    for (let number = 1; number <= 12; number += 1) await api().get(`/todos/${number}`);
    const asked = [...record.text().matchAll(/^→ GET .*\/(\d+)$/gm)].map(([, number]) => Number(number));
    expect(asked).to.deep.equal([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it("passes over requests that are not the spec's", async () => {
    await httpClient(server.url, { recorded: false }).get("/todos");
    expect(record.text()).to.equal("");
  });
});
