import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "chai";
import { startEmbedded, type Embedded } from "../../../containers/app/src/embed.ts";
import { send } from "./client.ts";

describe("the todos of the app", () => {
  let app: Embedded;
  let todos: string;
  beforeEach(async () => {
    app = await startEmbedded();
    todos = `${app.url}/todos`;
  });
  afterEach(() => app.stop());

  it("are none at first", async () => {
    expect(await send("GET", todos)).to.deep.include({ status: 200, body: [] });
  });

  it("get an id, an address and the defaults of what is not given", async () => {
    const { status, body } = await send("POST", todos, { title: "Buy milk" });
    expect(status).to.equal(201);
    expect(body).to.deep.equal({ id: 1, title: "Buy milk", completed: false, order: null, url: `${todos}/1` });
  });

  it("may be created out of nothing but an empty object", async () => {
    const { status, body } = await send("POST", todos, {});
    expect({ status, title: body.title }).to.deep.equal({ status: 201, title: null });
  });

  it("are found where Location says", async () => {
    const created = await send("POST", todos, { title: "Buy milk" });
    expect((await send("GET", created.headers.get("Location")!)).body).to.deep.equal(created.body);
  });

  it("are listed by order, those without one last, equal ones by id", async () => {
    for (const order of [null, 2, -1, 2]) await send("POST", todos, { order });
    const { body } = await send("GET", todos);
    expect(body.map(({ id }: { id: number }) => id)).to.deep.equal([3, 2, 4, 1]);
  });

  for (const title of ["", " two spaces  ", "🎉 naïve 漢字 👨‍👩‍👧", "a\u0000b", "🎉".repeat(256)]) {
    it(`keep the title ${JSON.stringify(title).slice(0, 24)} as it is`, async () => {
      const { body } = await send("POST", todos, { title });
      expect((await send("GET", body.url)).body.title).to.equal(title);
    });
  }

  for (const method of ["PUT", "PATCH"]) {
    it(`keep what a ${method} does not name`, async () => {
      const { body } = await send("POST", todos, { title: "Buy milk", order: 7 });
      const changed = await send(method, body.url, { completed: true });
      expect(changed).to.deep.include({ status: 200, body: { ...body, completed: true } });
    });
  }

  it("lose a title and an order that are set to null", async () => {
    const { body } = await send("POST", todos, { title: "Buy milk", order: 7 });
    await send("PATCH", body.url, { title: null, order: null });
    expect((await send("GET", body.url)).body).to.deep.equal({ ...body, title: null, order: null });
  });

  it("do not change when nothing is to be changed", async () => {
    const { body } = await send("POST", todos, { title: "Buy milk", order: 7 });
    expect(await send("PATCH", body.url, {})).to.deep.include({ status: 200, body });
  });

  it("take back the id and the url that were sent, and pass over them", async () => {
    const { body } = await send("POST", todos, { title: "Buy milk" });
    const changed = await send("PUT", body.url, { ...body, id: 99, url: "http://elsewhere/", completed: true });
    expect(changed.body).to.deep.equal({ ...body, completed: true });
  });

  it("are gone after DELETE", async () => {
    const { body } = await send("POST", todos, {});
    expect(await send("DELETE", body.url)).to.deep.include({ status: 204, body: undefined });
    expect((await send("GET", body.url)).status).to.equal(404);
  });

  it("are all gone after DELETE of the list", async () => {
    for (const title of ["one", "two"]) await send("POST", todos, { title });
    expect(await send("DELETE", todos)).to.deep.include({ status: 204, body: undefined });
    expect((await send("GET", todos)).body).to.deep.equal([]);
  });

  it("never get the id of one that is gone", async () => {
    await send("POST", todos, {});
    await send("DELETE", todos);
    expect((await send("POST", todos, {})).body.id).to.equal(2);
  });

  it("are not mistaken for a neighbour beyond exact numbers", async () => {
    const folder = await mkdtemp(join(tmpdir(), "todobackend-"));
    const filed = await startEmbedded({ sqlitePath: join(folder, "todos.sqlite") });
    const db = new DatabaseSync(join(folder, "todos.sqlite"));
    db.exec("INSERT INTO todos (id, completed) VALUES (9007199254740992, 0)");
    const { status } = await send("DELETE", `${filed.url}/todos/9007199254740993`);
    const { count } = db.prepare("SELECT COUNT(*) AS count FROM todos").get()!;
    db.close();
    await filed.stop();
    await rm(folder, { recursive: true });
    expect({ status, count }).to.deep.equal({ status: 404, count: 1 });
  });

  it("all arrive when they are created at once", async () => {
    const titles = Array.from({ length: 50 }, (_, n) => `todo ${n}`);
    await Promise.all(titles.map((title) => send("POST", todos, { title })));
    const { body } = await send("GET", todos);
    expect(body.map(({ title }: { title: string }) => title)).to.have.members(titles);
  });
});
