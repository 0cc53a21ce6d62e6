import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { Unavailable } from "../../../containers/app/src/errors.ts";
import { createMigrationsTable, pendingMigrations } from "../../../containers/app/src/store/migrations.ts";
import { openSqlite } from "../../../containers/app/src/store/sqlite.ts";
import { run } from "./process.ts";

/** For a thread to import. */
const module = new URL("../../../containers/app/src/store/sqlite.ts", import.meta.url).href;

describe("the store of the app, in a file,", function () {
  // Processes start slowly on a busy machine.
  this.timeout(30_000);

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

  it("waits for another process that migrates it, and then has nothing to do", async () => {
    const other = new DatabaseSync(path);
    other.exec(createMigrationsTable);
    other.exec("BEGIN IMMEDIATE");
    // SQLite waits without letting anything else run: in a thread of its own.
    const code = `const { parentPort, workerData } = require("node:worker_threads");
      import(workerData.module).then(async ({ openSqlite }) => {
        const store = openSqlite(workerData.path);
        parentPort.postMessage("open");
        parentPort.postMessage(await store.migrate());
      });`;
    const worker = new Worker(code, { eval: true, workerData: { module, path } });
    await once(worker, "message");
    const answer = once(worker, "message");
    // For it to get to where it waits, of which nothing tells.
    await sleep(200);
    for (const { name, sql } of pendingMigrations("sqlite", [])) {
      other.exec(sql);
      other.prepare("INSERT INTO migrations (name) VALUES (?)").run(name);
    }
    other.exec("COMMIT");
    expect(await answer).to.deep.equal([[]]);
    other.close();
  });

  it("is left as it was by a migration that fails, however often it is tried", async () => {
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE todos (mine TEXT)");
    const store = openSqlite(path);
    for (const _ of [1, 2]) await expect(store.migrate()).to.be.rejectedWith("table `todos` already exists");
    expect(
      other
        .prepare("SELECT name FROM sqlite_master")
        .all()
        .map(({ name }) => name),
    ).to.deep.equal(["todos"]);
    await store.close();
    other.close();
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

  it("is refused at once when it is no database", async () => {
    await writeFile(path, "a shopping list, which is no database however long it gets".repeat(99));
    expect(() => openSqlite(path)).to.throw(Unavailable, `cannot open the SQLite file ${path}: file is not a database`);
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
