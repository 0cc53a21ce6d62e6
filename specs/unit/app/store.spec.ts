import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Unavailable } from "../../../containers/app/src/errors.ts";
import { pendingMigrations } from "../../../containers/app/src/store/migrations.ts";
import { openSqlite } from "../../../containers/app/src/store/sqlite.ts";
import { run } from "./process.ts";

describe("the store of the app, in a file,", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "todobackend-"));
    path = join(folder, "todos.sqlite");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is migrated once", async () => {
    const store = openSqlite(path);
    expect([await store.migrate(), await store.migrate()]).to.deep.equal([["001-create-todos.sql"], []]);
    await store.close();
  });

  it("is migrated by one of two processes that migrate at once", async () => {
    const results = await Promise.all([
      run(["migrate"], { SQLITE_PATH: path }),
      run(["migrate"], { SQLITE_PATH: path }),
    ]);
    expect(results.flatMap(({ lines }) => lines[0]?.applied)).to.deep.equal(["001-create-todos.sql"]);
  });

  it("keeps its todos while it is closed", async () => {
    const first = openSqlite(path);
    await first.migrate();
    const todo = await first.create({ title: "Buy milk", completed: true, order: 1 });
    await first.close();
    const second = openSqlite(path);
    expect(await second.list()).to.deep.equal([todo]);
    await second.close();
  });

  it("says which file it cannot open", () => {
    const missing = join(folder, "missing", "todos.sqlite");
    expect(() => openSqlite(missing)).to.throw(Unavailable, `cannot open the SQLite file ${missing}: `);
  });
});

describe("the migrations of the app", () => {
  for (const dialect of ["mysql", "sqlite"] as const) {
    it(`are numbered without a gap for ${dialect}`, () => {
      const numbers = pendingMigrations(dialect, []).map(({ name }) =>
        Number(/^(\d{3})-[a-z-]+\.sql$/.exec(name)?.[1]),
      );
      expect(numbers).to.have.length.above(0);
      expect(numbers).to.deep.equal(numbers.map((_, index) => index + 1));
    });
  }

  it("are the same for both databases", () => {
    const [mysql, sqlite] = (["mysql", "sqlite"] as const).map((dialect) =>
      pendingMigrations(dialect, []).map(({ name }) => name),
    );
    expect(mysql).to.deep.equal(sqlite);
  });

  it("are not pending any more once they are applied", () => {
    expect(pendingMigrations("mysql", ["001-create-todos.sql"])).to.deep.equal([]);
  });
});
