import type { RowDataPacket } from "mysql2/promise";
import type { GenericContainer, StartedTestContainer } from "testcontainers";
import { StackspecError } from "../../errors.ts";
import type { StackStart } from "./start-node.ts";
import { driverOf } from "../drivers/choose.ts";
import { mysql } from "../drivers/mysql/mysql.ts";
import { isOwn } from "../drivers/mysql/mysql-reset.ts";
import { workerSuffix } from "../drivers/worker-suffix.ts";
import { mySqlServer, quoted } from "../drivers/mysql/mysql-server.ts";
import type { MySqlServer } from "../drivers/mysql/mysql-server.ts";
import { addressOf } from "./address.ts";

/** Where MySQL notes who may use a database, or a part of one: https://dev.mysql.com/doc/refman/9.7/en/grant-tables.html */
const GRANTS = ["db", "tables_priv", "columns_priv", "procs_priv"];

/**
 * Gives parallel workers, from 1 to `workers` - 1, databases of their own on the shared servers of a stack that is up:
 * copies of what is there, for the same users.
 *
 * @throws StackspecError `CREATE_FAILED` when a database cannot be copied
 */
export async function createWorkerDatabases(start: StackStart, workers: number): Promise<void> {
  const { run, factories } = start;
  for (const service of run.stack.nodes) {
    if (service.kind !== "service" || service.options.shared !== true) continue;
    const driver = driverOf(service, (await factories.create(service)) as GenericContainer);
    if (driver !== mysql) continue;
    const started = (await run.waitFor(service)) as StartedTestContainer;
    const server = mySqlServer(await addressOf(start, service, driver));
    for (let worker = 1; worker < workers; worker += 1)
      await copyDatabases(server, started, workerSuffix(worker), service.name);
  }
}

async function copyDatabases(
  server: MySqlServer,
  started: StartedTestContainer,
  suffix: string,
  service: string,
): Promise<void> {
  const copying = server.asRoot(async (connection) => {
    const [schemas] = await connection.query<RowDataPacket[]>(
      "SELECT SCHEMA_NAME AS name, DEFAULT_CHARACTER_SET_NAME AS letters, DEFAULT_COLLATION_NAME AS collation FROM information_schema.SCHEMATA",
    );
    for (const { name, letters, collation } of schemas as { name: string; letters: string; collation: string }[]) {
      if (!isOwn(name, server)) continue;
      const copy = `${name}${suffix}`;
      // A kept stack has those of the run before.
      await connection.query(`DROP DATABASE IF EXISTS ${quoted(copy)}`);
      await connection.query(`CREATE DATABASE ${quoted(copy)} CHARACTER SET ${letters} COLLATE ${collation}`);
      // All that a database can hold: tables, views, triggers, routines and events.
      const words = "--user=root --single-transaction --routines --triggers --events --no-tablespaces --skip-comments";
      const { exitCode, output } = await started.exec(
        ["sh", "-c", `mysqldump ${words} "$1" | mysql --user=root "$2"`, "sh", name, copy],
        { env: { MYSQL_PWD: server.password } },
      );
      if (exitCode !== 0 || /error/i.test(output))
        throw new StackspecError("CREATE_FAILED", `its database ${name} cannot be copied: ${output.trim()}`, {
          subject: service,
          hint: "without shared: true each worker has a server of its own",
        });
      for (const table of GRANTS) {
        await connection.query(
          `CREATE TEMPORARY TABLE mysql.stackspec_grants SELECT * FROM mysql.${table} WHERE REPLACE(Db, '\\\\', '') = ?`,
          [name],
        );
        await connection.query("UPDATE mysql.stackspec_grants SET Db = ?", [copy]);
        await connection.query(`REPLACE INTO mysql.${table} SELECT * FROM mysql.stackspec_grants`);
        await connection.query("DROP TEMPORARY TABLE mysql.stackspec_grants");
      }
    }
    await connection.query("FLUSH PRIVILEGES");
  });
  await copying.finally(() => server.close());
}
