import { deepEqual, equal, rejects } from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { Unavailable } from "../src/errors.ts";
import { openMysql } from "../src/store/mysql.ts";
import { defaults } from "../src/todo.ts";
import { mysqlSettings } from "./settings.ts";

describe("the store on MySQL", () => {
  const store = openMysql(mysqlSettings());

  before(() => store.migrate());
  beforeEach(() => store.clear());
  after(() => store.close());

  it("has nothing to migrate once it is migrated", async () => {
    deepEqual(await store.migrate(), []);
  });

  it("finds what it has created", async () => {
    const todo = await store.create({ title: "walk the dog", completed: true, order: 7 });
    deepEqual(await store.find(todo.id), todo);
  });

  it("finds nothing where nothing is", async () => {
    equal(await store.find(2_147_483_647), undefined);
  });

  for (const title of ["犬の散歩", "👩‍👩‍👧‍👦 🏳️‍🌈", "cafe\u0301", `"it's" \\ 100 %; --`, "x".repeat(256)])
    it(`keeps ${JSON.stringify(title.slice(0, 20))} as it is`, async () => {
      const { id } = await store.create({ ...defaults, title });
      equal((await store.find(id))?.title, title);
    });

  it("lists by order, those without one last", async () => {
    for (const order of [null, 2, -1, 2 ** 31 - 1]) await store.create({ ...defaults, order });
    deepEqual(
      (await store.list()).map(({ order }) => order),
      [-1, 2, 2 ** 31 - 1, null],
    );
  });

  it("changes the fields that are given, and no others", async () => {
    const todo = await store.create({ title: "walk the dog", completed: false, order: 1 });
    deepEqual(await store.update(todo.id, { completed: true }), { ...todo, completed: true });
  });

  it("changes nothing that is not there", async () => {
    equal(await store.update(2_147_483_647, { completed: true }), undefined);
  });

  it("removes once", async () => {
    const { id } = await store.create(defaults);
    deepEqual([await store.remove(id), await store.remove(id)], [true, false]);
  });

  it("keeps every one of 20 todos that are created at once", async () => {
    await Promise.all(Array.from({ length: 20 }, () => store.create(defaults)));
    equal((await store.list()).length, 20);
  });

  it("says that it is unavailable where the password is wrong", async () => {
    const other = openMysql({ ...mysqlSettings(), password: "wrong" });
    await rejects(other.list(), Unavailable);
    await other.close();
  });
});
