import type { ServerResponse } from "node:http";
import { expect } from "chai";
import { httpClient } from "stackspec";
import { exchangeRecord, exchangesText, nameAddress, recordExchanges } from "../../src/http/exchange.ts";
import { learnSecrets } from "../../src/secrets.ts";
import { serveHttp } from "./server.ts";

describe("the record of what a spec has asked", () => {
  let record = exchangeRecord();
  before("record", () => recordExchanges(() => record));
  const text = () => exchangesText(record.list());
  let server: Awaited<ReturnType<typeof serveHttp>>;
  const api = () => httpClient(server.url);
  /** The server's answer to `/held`, which it does not give by itself. */
  const held = Promise.withResolvers<ServerResponse>();

  before("serve", async () => {
    server = await serveHttp((request, response) => {
      request.resume();
      if (request.url === "/broken") return request.socket.destroy();
      response.sendDate = false;
      const { pathname, searchParams } = new URL(request.url!, server.url);
      if (pathname === "/held") return held.resolve(response);
      if (pathname === "/empty") return response.writeHead(204).end();
      if (pathname === "/long") return response.end("x".repeat(Number(searchParams.get("length"))));
      return response.writeHead(404, { "Set-Cookie": "session=1" }).end("nothing here");
    });
  });
  after("stop", () => server.close());
  beforeEach("begin", () => {
    record = exchangeRecord();
  });

  it("is empty at first", () => {
    expect(text()).to.equal("");
  });

  it("shows method and address", async () => {
    await api().get("/todos");
    expect(text()).to.match(new RegExp(`^→ GET ${server.url}/todos$`, "m"));
  });

  it("names the service that is known to be at an address", async () => {
    const web = await serveHttp((_, response) => response.end());
    nameAddress(`${web.url}/`, "web");
    await httpClient(web.url).get("/todos");
    await web.close();
    expect(record.list().map(({ service }) => service)).to.deep.equal(["web"]);
  });

  it("shows the body that was sent", async () => {
    await api().post("/todos", { title: "walk the dog" });
    expect(text()).to.include('{"title":"walk the dog"}');
  });

  it("shows that body as it was sent, whatever the spec does with it afterwards", async () => {
    const tags = ["dog"];
    await api().post("/todos", { tags });
    tags.push("cat");
    expect(text()).to.include('{"tags":["dog"]}');
  });

  it("shows status and body of the answer", async () => {
    await api().get("/todos");
    expect(text())
      .to.match(/^← 404$/m)
      .and.include("nothing here");
  });

  it("says that there was no answer, and why", async () => {
    await api()
      .get("/broken")
      .catch(() => {});
    expect(text()).to.include("← no answer: socket hang up");
  });

  it("says that there is no answer yet", async () => {
    const look = async () => {
      const answer = await held.promise;
      expect(text()).to.include("← no answer yet (0 ms)");
      answer.end();
    };
    await Promise.all([api().get("/held"), look()]);
  });

  it("shows headers and body below the first line, with an empty line between them", async () => {
    await api().post("/todos", { title: "walk the dog" });
    expect(text()).to.match(
      /^→ POST \S+\n  Content-Type: application\/json\n  \n  \{"title":"walk the dog"\}\n← 404\n(  \S+: .*\n)+  \n  nothing here \(\d+ ms\)$/,
    );
  });

  it("shows nothing where there is no body", async () => {
    await api().get("/empty");
    expect(text()).to.match(/^→ GET \S+\n← 204\n(  \S+: \S+\n)*  \S+: \S+ \(\d+ ms\)$/);
  });

  it("says how long the answer took", async () => {
    const startedAt = performance.now();
    await api().get("/todos");
    const [, tookMs] = /\((\d+) ms\)$/.exec(text())!;
    expect(Number(tookMs)).to.be.at.most(Math.round(performance.now() - startedAt));
  });

  it("hides what proves who one is", async () => {
    await api().get("/todos").auth("todo", "s3cret");
    expect(text()).to.include("Authorization: ***").and.include("set-cookie: ***");
  });

  for (const header of ["Cookie", "Proxy-Authorization", "X-Api-Key", "X-Auth-Token", "X-Client-Secret"])
    it(`hides it in ${header}`, async () => {
      await api().get("/todos").set(header, "who-I-am");
      expect(text()).to.include(`  ${header}: ***`).and.not.to.include("who-I-am");
    });

  it("shows other headers", async () => {
    await api().get("/todos").set("X-Request-Id", "17");
    expect(text()).to.include("  X-Request-Id: 17\n");
  });

  it("cuts a long body and says how long it was", async () => {
    await api().get("/long?length=2001");
    expect(text()).to.match(/^  x{2000}… \(2001 characters\) \(\d+ ms\)$/m);
  });

  it("has a body whole that is not longer than it shows", async () => {
    await api().get("/long?length=2000");
    expect(text()).to.match(/^  x{2000} \(\d+ ms\)$/m);
  });

  it("shows no part of a secret where it cuts a body", async () => {
    const secret = "4d1c-where-a-body-is-cut";
    learnSecrets({ API_TOKEN: secret });
    await api().post("/todos", { title: `${"x".repeat(1_980)}${secret}` });
    expect(text()).not.to.include(secret.slice(0, 4));
  });

  it("has the last ten", async () => {
    for (let number = 1; number <= 12; number += 1) await api().get(`/todos/${number}`);
    const asked = [...text().matchAll(/^→ GET .*\/(\d+)$/gm)].map(([, number]) => Number(number));
    expect(asked).to.deep.equal([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it("passes over requests that are not the spec's", async () => {
    await httpClient(server.url, { recorded: false }).get("/todos");
    expect(text()).to.equal("");
  });
});
