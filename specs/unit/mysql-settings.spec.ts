import { expect } from "chai";
import type { Connection } from "mysql2/promise";
import { MYSQL } from "../../src/engine/drivers/mysql/mysql-dialect.ts";
import { changedSettings, restoreSettings } from "../../src/engine/drivers/mysql/mysql-settings.ts";

/** A server whose variable `wait_timeout` is not as it was noted, and which lets it be set or not. */
function serverWith({ settable }: { settable: boolean }) {
  const set: string[] = [];
  const query = async (sql: string): Promise<[unknown]> => {
    if (sql.includes("STRAIGHT_JOIN")) return [[{ name: "wait_timeout", value: "60", persisted: false }]];
    if (sql.startsWith("SET GLOBAL") && !settable)
      throw Object.assign(new Error("is a read only variable"), { code: "ER_INCORRECT_GLOBAL_LOCAL_VAR" });
    if (sql.startsWith("SET")) set.push(sql);
    return [[]];
  };
  const connection = { query } as unknown as Connection;
  const dialect = { ...MYSQL, accounts: [], persisted: undefined, watched: {} };
  const server = { dialect, unsettable: new Set<string>() };
  const changed = () => changedSettings(connection, "baseline", server);
  const reset = async () => restoreSettings(connection, "baseline", await changed(), server);
  return { changed, reset, set };
}

describe("the global variables of a MySQL server", () => {
  it("are set again on one server though another has refused to set them", async () => {
    await serverWith({ settable: false }).reset();
    const other = serverWith({ settable: true });
    await other.reset();
    expect(other.set).to.deep.equal(["SET GLOBAL `wait_timeout` = '60'"]);
  });

  it("are no change any more once the server has refused to set them", async () => {
    const server = serverWith({ settable: false });
    await server.reset();
    await expect(server.changed()).to.eventually.have.property("globals").that.is.empty;
  });
});
