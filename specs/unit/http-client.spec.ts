import http from "node:http";
import https from "node:https";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { httpClient } from "stackspec";
import { listen, serveHttp } from "./server.ts";

/** The record type of what a TLS client says first: https://www.rfc-editor.org/rfc/rfc8446#section-5.1 */
const TLS_HANDSHAKE = 22;

/** The first byte that a service at such an address gets from the client. It does not answer. */
async function firstByteTo(scheme: "http" | "https"): Promise<number | undefined> {
  let first: number | undefined;
  const { port, close } = await listen(
    createServer((socket) =>
      socket.once("data", ([byte]) => {
        first = byte;
        socket.destroy();
      }),
    ),
  );
  try {
    await expect(httpClient(`${scheme}://127.0.0.1:${port}`).get("/todos")).to.be.rejectedWith(Error);
    return first;
  } finally {
    await close();
  }
}

describe("the HTTP client", () => {
  let server: Awaited<ReturnType<typeof serveHttp>>;

  before("serve what it asks for", async () => {
    server = await serveHttp(async (request, response) => {
      const { method, url, headers } = request;
      if (url === "/moved") return response.writeHead(302, { Location: "/elsewhere" }).end();
      if (url === "/gone") return response.writeHead(404, { "Content-Type": "text/plain" }).end("gone");
      if (url === "/broken") return request.socket.destroy();
      if (url === "/half")
        return response.writeHead(200, { "Content-Length": "9" }).write("half", () => response.destroy());
      response.setHeader("X-Method", method!);
      const answer = {
        method,
        url,
        port: request.socket.remotePort,
        type: headers["content-type"],
        body: await text(request),
      };
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
    const { headers } = await httpClient(server.url).head("/todos");
    expect(headers).to.have.property("x-method", "HEAD");
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
    ["", "todos/", "/todos/"],
    ["", "/login?next=http://127.0.0.1:1/", "/login?next=http://127.0.0.1:1/"],
  ] as const)
    it(`asks http://host${base} for ${url} when told "${path}"`, async () => {
      const { body } = await httpClient(`${server.url}${base}`).get(path);
      expect(body).to.have.property("url", url);
    });

  it("follows an absolute address as it is", async () => {
    const { body } = await httpClient("http://127.0.0.1:1/api").get(`${server.url}/todos/7`);
    expect(body).to.have.property("url", "/todos/7");
  });

  it("keeps its connection open for the next request", async () => {
    const [first, second] = [await httpClient(server.url).get("/1"), await httpClient(server.url).get("/2")];
    expect(second.body.port).to.equal(first.body.port);
  });

  for (const [scheme, byte] of [
    ["http", "G".charCodeAt(0)],
    ["https", TLS_HANDSHAKE],
  ] as const)
    it(`speaks ${scheme} with the service itself, whatever proxy Node is told to use`, async () => {
      const before = { http: http.globalAgent, https: https.globalAgent };
      const proxyEnv = { HTTP_PROXY: "http://127.0.0.1:1", HTTPS_PROXY: "http://127.0.0.1:1" };
      http.globalAgent = new http.Agent({ proxyEnv });
      https.globalAgent = new https.Agent({ proxyEnv });
      try {
        expect(await firstByteTo(scheme)).to.equal(byte);
      } finally {
        http.globalAgent = before.http;
        https.globalAgent = before.https;
      }
    });

  it("knows a scheme in capitals", async () => {
    await expect(httpClient(server.url.toUpperCase()).get("/gone")).to.eventually.have.property("status", 404);
  });

  it("knows its address, with no slash at the end", () => {
    expect(httpClient("http://todo.example/api//").url).to.equal("http://todo.example/api");
  });

  it("takes a 404 for an answer", async () => {
    await expect(httpClient(server.url).get("/gone")).to.eventually.deep.include({ status: 404, text: "gone" });
  });

  it("has its answers shown by assertions in one line", async () => {
    const answer = await httpClient(server.url).get("/gone");
    expect(() => expect(answer).to.have.nested.property("body.state", "down")).to.throw(
      "expected GET /gone: 404 gone to have nested property 'body.state'",
    );
  });

  it("has no more than 200 characters of an answer shown so", async () => {
    const answer = await httpClient(server.url).post("/", { long: "x".repeat(500) });
    expect(() => expect(answer).to.equal(undefined)).to.throw(
      /^expected POST \/: 200 .{200}… \(\d{3} characters\) to equal undefined$/,
    );
  });

  it("does not follow redirects", async () => {
    await expect(httpClient(server.url).get("/moved")).to.eventually.have.property("status", 302);
  });

  it("fails when there is no answer", async () => {
    await expect(httpClient(server.url).get("/broken")).to.be.rejectedWith("socket hang up");
  });

  it("says that an answer has broken off, and whose", async () => {
    await expect(httpClient(server.url).get("/half")).to.be.rejectedWith(
      `GET ${server.url}/half: the answer was aborted, for its connection was closed in the middle`,
    );
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
