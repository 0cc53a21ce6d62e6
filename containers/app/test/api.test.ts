import { deepEqual, equal } from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { createApp } from "../src/app.ts";
import { createLog } from "../src/log.ts";
import { openMysql } from "../src/store/mysql.ts";
import { mysqlSettings } from "./settings.ts";

describe("the API on MySQL", () => {
  const store = openMysql(mysqlSettings());
  const app = createApp({ store, log: createLog() });
  const send = (method: string, path: string, body?: object) =>
    app.request(`http://todos.example${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });

  before(() => store.migrate());
  beforeEach(() => store.clear());
  after(() => store.close());

  it("answers a new todo with 201 and the address where it is", async () => {
    const created = await send("POST", "/todos", { title: "walk the dog" });
    const { pathname } = new URL(created.headers.get("location")!);
    deepEqual([created.status, (await send("GET", pathname)).status], [201, 200]);
  });

  it("stores nothing of a todo that it refuses", async () => {
    equal((await send("POST", "/todos", { title: 1 })).status, 400);
    deepEqual(await (await send("GET", "/todos")).json(), []);
  });

  it("answers 404 for a todo that has been deleted", async () => {
    const { url } = (await (await send("POST", "/todos", {})).json()) as { url: string };
    const { pathname } = new URL(url);
    deepEqual([(await send("DELETE", pathname)).status, (await send("GET", pathname)).status], [204, 404]);
  });

  it("lists nothing once all are deleted", async () => {
    await send("POST", "/todos", {});
    await send("DELETE", "/todos");
    deepEqual(await (await send("GET", "/todos")).json(), []);
  });
});
