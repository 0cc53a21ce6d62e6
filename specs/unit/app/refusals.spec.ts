import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { expect } from "chai";
import { startEmbedded, type Embedded } from "../../../containers/app/src/embed.ts";
import { send } from "./client.ts";

const json = "application/json";

describe("the app refuses", () => {
  let app: Embedded;
  before(async () => {
    app = await startEmbedded();
  });
  after(() => app.stop());

  const removal = { method: "DELETE" };
  const post = (body?: RequestInit["body"], type = "application/json"): RequestInit => ({
    method: "POST",
    ...(body !== undefined && { body, headers: { "Content-Type": type }, duplex: "half" }),
  });
  const chunks = new Blob([" ".repeat(200_000)]).stream();

  const cases: readonly [what: string, status: number, path: string, init: RequestInit, error: string][] = [
    ["an unknown path", 404, "/nope", {}, "expected a known path, got /nope"],
    ["an unknown id", 404, "/todos/7", {}, "expected the id of a todo, got 7"],
    [
      "to change an unknown todo",
      404,
      "/todos/7",
      { ...post("{}"), method: "PATCH" },
      "expected the id of a todo, got 7",
    ],
    ["to remove an unknown todo", 404, "/todos/7", removal, "expected the id of a todo, got 7"],
    [
      "an id beyond exact numbers",
      404,
      "/todos/9007199254740993",
      {},
      "expected the id of a todo, got 9007199254740993",
    ],
    ["an id that is no number", 404, "/todos/abc", {}, "expected a known path, got /todos/abc"],
    ["a second spelling of an id", 404, "/todos/01", {}, "expected a known path, got /todos/01"],
    ["a way out of /static", 404, "/static/..%2fbuild.ts", {}, "expected a known path, got /static/..%2fbuild.ts"],
    ["an unknown file", 404, "/static/nope.css", {}, "expected a known path, got /static/nope.css"],
    ["an unknown file of the client", 404, "/client/nope.js", {}, "expected a known path, got /client/nope.js"],
    ["POST of its root", 405, "/", post(), "expected one of GET, HEAD, OPTIONS, got POST"],
    ["POST of a todo", 405, "/todos/7", post(), "expected one of GET, HEAD, PUT, PATCH, DELETE, OPTIONS, got POST"],
    ["DELETE of a file", 405, "/static/logo.svg", removal, "expected one of GET, HEAD, OPTIONS, got DELETE"],
    ["POST of the client", 405, "/client/", post(), "expected one of GET, HEAD, OPTIONS, got POST"],
    ["text", 415, "/todos", post("{}", "text/plain"), "expected Content-Type application/json, got text/plain"],
    [
      "another charset",
      415,
      "/todos",
      post("{}", `${json}; charset=latin1`),
      `expected Content-Type ${json}, got ${json}; charset=latin1`,
    ],
    ["no body", 400, "/todos", post(), "expected a JSON object, got an empty body"],
    ["an array", 400, "/todos", post("[]"), "expected a JSON object, got an array"],
    ["null", 400, "/todos", post("null"), "expected a JSON object, got null"],
    ["a string", 400, "/todos", post('"x"'), "expected a JSON object, got a string"],
    ["a body over 100 kB", 413, "/todos", post(" ".repeat(100_001)), "expected at most 100000 bytes, got more"],
    ["a body over 100 kB of unknown length", 413, "/todos", post(chunks), "expected at most 100000 bytes, got more"],
  ];
  for (const [what, status, path, init, error] of cases) {
    it(`${what} with ${status}, and tells every origin why`, async () => {
      const response = await fetch(`${app.url}${path}`, init);
      expect(response.headers.get("Access-Control-Allow-Origin")).to.equal("*");
      expect({ status: response.status, body: await response.json() }).to.deep.equal({ status, body: { error } });
    });
  }

  for (const [what, body] of [
    ["malformed JSON", "{"],
    ["broken UTF-8", Buffer.from('{"title":"\xff"}', "latin1")],
  ] as const) {
    it(`${what} with 400`, async () => {
      const response = await fetch(`${app.url}/todos`, post(body));
      expect(response.status).to.equal(400);
      expect(((await response.json()) as { error: string }).error).to.match(/^expected JSON in UTF-8, got: /);
    });
  }

  it("a body that is said to be over 100 kB with 413, before it comes", async () => {
    const sent = request(`${app.url}/todos`, { method: "POST", headers: { "Content-Length": 100_001 } });
    sent.flushHeaders();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    expect(response.statusCode).to.equal(413);
    sent.on("error", () => {}).destroy();
  });

  it("a body of no declared type with 415", async () => {
    const response = await fetch(`${app.url}/todos`, { method: "POST", body: Buffer.from("{}") });
    expect(response.status).to.equal(415);
    expect(await response.json()).to.deep.equal({ error: "expected Content-Type application/json, got none" });
  });

  it("what is not valid with 400, and stores nothing of it", async () => {
    const { status, body } = await send("POST", `${app.url}/todos`, { title: "fine", completed: "yes", colour: 1 });
    expect({ status, body }).to.deep.equal({
      status: 400,
      body: {
        errors: {
          completed: ['expected true or false, got "yes"'],
          colour: ["expected one of title, completed, order, got an unknown field"],
        },
      },
    });
    expect((await send("GET", `${app.url}/todos`)).body).to.deep.equal([]);
  });

  it("a method with the ones to use in Allow", async () => {
    const { headers } = await send("PUT", `${app.url}/todos`);
    expect(headers.get("Allow")).to.equal("GET, HEAD, POST, DELETE, OPTIONS");
  });
});

describe("the app accepts", () => {
  let app: Embedded;
  before(async () => {
    app = await startEmbedded();
  });
  after(() => app.stop());

  const post = (body: string, type: string) =>
    fetch(`${app.url}/todos`, { method: "POST", body, headers: { "Content-Type": type } });

  it("a body of 100 kB", async () => {
    expect((await post("{}".padEnd(100_000), json)).status).to.equal(201);
  });

  it("a body of 100 kB of unknown length", async () => {
    const body = new Blob(["{}".padEnd(100_000)]).stream();
    const init = { method: "POST", body, headers: { "Content-Type": json }, duplex: "half" } as const;
    expect((await fetch(`${app.url}/todos`, init)).status).to.equal(201);
  });

  for (const type of [`${json}; charset=utf-8`, `${json};charset="UTF-8"`, "Application/JSON ; charset=utf-8 "])
    it(`the content type ${type}`, async () => {
      expect((await post("{}", type)).status).to.equal(201);
    });
});
