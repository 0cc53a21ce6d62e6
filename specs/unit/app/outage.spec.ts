import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect } from "chai";
import { createApp } from "../../../containers/app/src/app.ts";
import { createLog } from "../../../containers/app/src/log.ts";
import { startServer } from "../../../containers/app/src/server.ts";
import { Unavailable } from "../../../containers/app/src/errors.ts";
import { mysqlConnections } from "../../../containers/app/src/store/mysql-connections.ts";
import { openMysql } from "../../../containers/app/src/store/mysql.ts";
import { openSqlite } from "../../../containers/app/src/store/sqlite.ts";
import type { Store } from "../../../containers/app/src/store/store.ts";
import { send } from "./client.ts";

describe("when its store fails, the app", () => {
  async function failing(store: Store) {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line));
    const server = await startServer(createApp({ store, log }), { host: "127.0.0.1", port: 0 }, log);
    const answer = await send("GET", `${server.url}/todos`);
    await server.stop();
    await store.close();
    return { ...answer, logged: lines.map((line) => JSON.parse(line)) };
  }

  it("answers 500 to every origin, and logs the cause with its stack", async () => {
    const store = { ...openSqlite(":memory:"), list: () => Promise.reject(new Error("out of paper")) };
    const { status, body, headers, logged } = await failing(store);
    expect({ status, body }).to.deep.equal({ status: 500, body: { error: "internal error" } });
    expect(headers.get("Access-Control-Allow-Origin")).to.equal("*");
    expect(logged[0])
      .to.include({ level: "error", method: "GET", path: "/todos" })
      .and.to.have.nested.property("error.stack")
      .that.contains("out of paper");
  });

  it("answers 503 when there is no database, and logs which one without its password", async () => {
    // Port 1 is nobody's.
    const store = openMysql({ host: "127.0.0.1", port: 1, database: "d", user: "u", password: "s3cret" });
    const { status, body, logged } = await failing(store);
    expect({ status, body }).to.deep.equal({ status: 503, body: { error: "the database is unavailable" } });
    expect(logged[0].error.message).to.equal(
      "cannot connect to MySQL at 127.0.0.1:1 as u: connect ECONNREFUSED 127.0.0.1:1",
    );
    expect(JSON.stringify(logged)).not.to.contain("s3cret");
  });

  it("gives up on a database that says nothing", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const { use, close } = mysqlConnections({ host: "127.0.0.1", port, database: "d", user: "u", password: "" }, 50);
    await expect(use(async () => {})).to.be.rejectedWith(
      Unavailable,
      `cannot connect to MySQL at 127.0.0.1:${port} as u: `,
    );
    // Which waits for the attempt to end.
    await close();
    silent.close();
  });
});
