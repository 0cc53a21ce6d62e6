import { expect } from "chai";
import type { PoolConnection, RowDataPacket } from "mysql2/promise";
import { requireEngine } from "stackspec";
import { Unavailable } from "../../containers/app/src/errors.ts";
import { mysqlConnections } from "../../containers/app/src/store/mysql-connections.ts";
import { openMysql } from "../../containers/app/src/store/mysql.ts";
import type { Store } from "../../containers/app/src/store/store.ts";
import { defaults } from "../../containers/app/src/todo.ts";
import { useAppDatabase } from "./app-database.ts";

describe("the app's store in MySQL", function () {
  this.timeout(20_000);
  requireEngine();
  const { settings, other, ask, closing, another, waitsFor } = useAppDatabase();

  const open = (lockTimeoutSeconds?: number) => closing(openMysql(settings(), lockTimeoutSeconds));
  const connect = (connectTimeoutMs?: number) => closing(mysqlConnections(settings(), connectTimeoutMs));
  const lockName = () => `migrate.${settings().database}`.slice(0, 64);

  describe("is migrated", () => {
    it("once", async () => {
      const store = open();
      expect([await store.migrate(), await store.migrate()]).to.deep.equal([["001-create-todos.sql"], []]);
    });

    it("after another migration has ended", async () => {
      await ask("SELECT GET_LOCK(?, 0)", lockName());
      const migrated = open().migrate();
      await waitsFor("User lock");
      expect(await ask("SHOW TABLES")).to.deep.equal([]);
      await ask("SELECT RELEASE_LOCK(?)", lockName());
      expect(await migrated).to.deep.equal(["001-create-todos.sql"]);
    });

    it("not at all while another migration does not end", async () => {
      await ask("SELECT GET_LOCK(?, 0)", lockName());
      await expect(open(0).migrate()).to.be.rejectedWith(Unavailable, "another migration has been running for 0 s");
      expect(await ask("SHOW TABLES")).to.deep.equal([]);
    });

    it("beside the migration of another database", async () => {
      await ask("SELECT GET_LOCK('migrate.another', 0)");
      expect(await open(0).migrate()).to.deep.equal(["001-create-todos.sql"]);
    });

    for (const [what, table] of [
      ["succeeds", "another"],
      ["fails", "todos"],
    ] as const)
      it(`and others can be migrated after it: a migration that ${what} leaves no lock`, async () => {
        await other().query("CREATE TABLE ?? (id INT)", [table]);
        await open()
          .migrate()
          .catch(() => {});
        expect(await ask("SELECT GET_LOCK(?, 5)", lockName())).to.deep.equal([1]);
      });
  });

  describe("once it is migrated,", () => {
    let store: Store;
    beforeEach("migrate", async () => {
      store = open();
      await store.migrate();
    });

    it("lets others see what is changed", async () => {
      const { id } = await store.create(defaults);
      await store.update(id, { title: "changed" });
      expect(await ask("SELECT title FROM todos")).to.deep.equal(["changed"]);
    });

    it("lets others see what is created after a change that failed", async () => {
      await other().query("RENAME TABLE todos TO hidden");
      await expect(store.update(1, { title: "changed" })).to.be.rejected;
      await other().query("RENAME TABLE hidden TO todos");
      await store.create({ ...defaults, title: "created" });
      expect(await ask("SELECT title FROM todos")).to.deep.equal(["created"]);
    });

    it("answers a change with what it has written, not with what somebody wrote just after", async () => {
      const { id } = await store.create(defaults);
      await other().beginTransaction();
      await other().query("SELECT * FROM todos WHERE id = ? FOR UPDATE", [id]);
      const changed = store.update(id, { title: "mine" });
      await waitsFor("a row");
      const next = await another();
      const theirs = next
        .query("LOCK TABLES todos WRITE")
        .then(() => next.query("UPDATE todos SET title = 'theirs'"))
        .then(() => next.query("UNLOCK TABLES"));
      await waitsFor("Waiting for table metadata lock");
      await other().commit();
      expect(await changed).to.have.property("title", "mine");
      await theirs;
    });
  });

  it("is unavailable until it is migrated", async () => {
    await expect(open().list()).to.be.rejectedWith(Unavailable, "cannot use MySQL at");
  });

  describe("is reached by connections", () => {
    const idOf = async (connection: PoolConnection) => {
      const [[row]] = await connection.query<RowDataPacket[]>("SELECT CONNECTION_ID() AS id");
      return Number(row?.["id"]);
    };

    it("which are used again", async () => {
      const { use } = connect();
      expect(await use(idOf)).to.equal(await use(idOf));
    });

    it("which are not used again after what they were used for has failed", async () => {
      const { use } = connect();
      const first = await use(idOf);
      await expect(use((connection) => connection.query("nonsense"))).to.be.rejected;
      expect(await use(idOf)).not.to.equal(first);
    });

    it("on which the database counts as available when it refuses a statement", async () => {
      const refused = connect().use((connection) => connection.query("nonsense"));
      await expect(refused).to.be.rejected.and.eventually.not.be.instanceOf(Unavailable);
    });

    it("which are given up when an answer does not come in time", async () => {
      const late = connect().use((connection) => connection.query("SELECT SLEEP(60)"), 100);
      await expect(late).to.be.rejectedWith(
        Unavailable,
        `cannot use MySQL at ${settings().host}:${settings().port}: expected an end within 100 ms, got none`,
      );
    });

    it("on which the database counts as unavailable when they are cut, until the next one", async () => {
      const { use } = connect();
      const cut = use(async (connection) => {
        await other().query("KILL ?", [await idOf(connection)]);
        await connection.query("SELECT 1");
      });
      await expect(cut).to.be.rejectedWith(Unavailable, "cannot use MySQL at");
      expect(await use(idOf)).to.be.above(0);
    });

    it("of which there are ten, also after somebody waited for one in vain", async () => {
      // Long enough for ten to be made on a busy machine.
      const { use } = connect(3_000);
      /** Takes ten, and keeps them until told otherwise. */
      const takeTen = async () => {
        const told = Promise.withResolvers<void>();
        const taken = Array.from({ length: 10 }, () => Promise.withResolvers<void>());
        const uses = taken.map(({ resolve }) =>
          use(async () => {
            resolve();
            await told.promise;
          }),
        );
        await Promise.race([Promise.all(taken.map(({ promise }) => promise)), Promise.all(uses)]);
        return async () => {
          told.resolve();
          await Promise.all(uses);
        };
      };
      const giveBack = await takeTen();
      await expect(use(idOf)).to.be.rejectedWith(Unavailable, "expected an end within 3000 ms, got none");
      await giveBack();
      const giveBackAgain = await takeTen();
      await giveBackAgain();
    });
  });
});
