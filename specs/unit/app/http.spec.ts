import { request } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { startEmbedded, type Embedded } from "../../../containers/app/src/embed.ts";

describe("over HTTP, the app", () => {
  let app: Embedded;
  before(async () => {
    app = await startEmbedded();
  });
  after(() => app.stop());

  it("leads a program from / to the todos", async () => {
    const response = await fetch(app.url);
    expect(await response.json()).to.deep.equal({ todos: `${app.url}/todos` });
  });

  it("leads a browser from / to the todos", async () => {
    const response = await fetch(app.url, { headers: { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });
    expect(response.headers.get("Content-Type")).to.equal("text/html; charset=UTF-8");
    expect(await response.text()).to.contain(`<a href="${app.url}/todos">`);
  });

  it("leads whoever asks for something else from / to the todos as a program", async () => {
    const response = await fetch(app.url, { headers: { Accept: "application/xml" } });
    expect(await response.json()).to.deep.equal({ todos: `${app.url}/todos` });
  });

  it("tells caches that what / answers depends on who asks", async () => {
    expect((await fetch(app.url)).headers.get("Vary")).to.equal("Accept");
  });

  it("serves every file that its page links to", async () => {
    const page = await (await fetch(app.url, { headers: { Accept: "text/html" } })).text();
    const links = [...page.matchAll(/(?:href|src)="([^"]*\/static\/[^"]*)"/g)].map(([, link]) => link!);
    const types = await Promise.all(links.map(async (link) => (await fetch(link)).headers.get("Content-Type")));
    expect(types).to.deep.equal([
      "image/svg+xml; charset=utf-8",
      "text/css; charset=utf-8",
      "image/svg+xml; charset=utf-8",
    ]);
  });

  it("serves its web client, and every file that it links to", async () => {
    const response = await fetch(`${app.url}/client/`);
    expect(response.headers.get("Content-Type")).to.equal("text/html; charset=utf-8");
    const links = [...(await response.text()).matchAll(/(?:href|src)="([^"#]+)"/g)].map(([, link]) => link!);
    const answers = await Promise.all(links.map((link) => fetch(new URL(link, response.url))));
    expect(answers.map(({ status, headers }) => [status, headers.get("Content-Type")])).to.deep.equal([
      [200, "image/svg+xml; charset=utf-8"],
      [200, "text/css; charset=utf-8"],
      [200, "text/javascript; charset=utf-8"],
    ]);
  });

  it("leads from /client to the web client, through a proxy too", async () => {
    const headers = { "X-Forwarded-Prefix": "/api" };
    const response = await fetch(`${app.url}/client`, { headers, redirect: "manual" });
    expect([response.status, response.headers.get("Location")]).to.deep.equal([302, `${app.url}/api/client/`]);
  });

  for (const path of ["/", "/todos", "/client/", "/static/logo.svg"]) {
    it(`answers HEAD ${path} as GET, without a body`, async () => {
      const response = await fetch(`${app.url}${path}`, { method: "HEAD" });
      expect({ status: response.status, body: await response.text() }).to.deep.equal({ status: 200, body: "" });
    });
  }

  it("lets every origin use every method", async () => {
    const { status, headers } = await fetch(`${app.url}/todos/1`, { method: "OPTIONS" });
    expect(status).to.equal(204);
    expect(headers.get("Access-Control-Allow-Origin")).to.equal("*");
    expect(headers.get("Access-Control-Allow-Methods")).to.equal("GET,HEAD,POST,PUT,PATCH,DELETE");
    expect(headers.get("Access-Control-Allow-Headers")).to.equal("Content-Type,*");
  });

  it("lets every origin keep that for two hours", async () => {
    const { headers } = await fetch(`${app.url}/todos/1`, { method: "OPTIONS" });
    expect(headers.get("Access-Control-Max-Age")).to.equal("7200");
  });

  it("lets every origin read where a new todo is and what else it may do", async () => {
    const { headers } = await fetch(`${app.url}/todos`);
    expect(headers.get("Access-Control-Expose-Headers")).to.equal("Location,Allow");
  });

  it("builds addresses as the client sees them, through a proxy", async () => {
    const response = await fetch(app.url, {
      headers: { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "todo.example", "X-Forwarded-Prefix": "/api" },
    });
    expect(await response.json()).to.deep.equal({ todos: "https://todo.example/api/todos" });
  });

  it("answers 400 to every origin when the Host makes no address", async () => {
    const sent = request(app.url, { headers: { Host: "a b" }, setHost: false }).end();
    const [response] = await once(sent, "response");
    expect(response).to.deep.include({ statusCode: 400 });
    expect(response.headers).to.include({ "access-control-allow-origin": "*" });
    expect(await text(response)).to.equal('{"error":"expected a valid request, got: Invalid URL"}');
  });
});
