import type { Driver, KnownDriver } from "../../../stack/driver.ts";
import { MYSQL } from "./mysql-dialect.ts";
import type { Dialect } from "./mysql-dialect.ts";
import { takeMySqlBaseline } from "./mysql-baseline.ts";
import { resetMySql } from "./mysql-reset.ts";
import { askMySql, isLockTimeout, lockHolders, mySqlPrompt, mySqlServer, mySqlVersion } from "./mysql-server.ts";
import { shareMySql } from "./mysql-share.ts";

/**
 * Each with what it gives up, all of it about surviving a crash of the machine, or about other servers and clients than the
 * stack's: https://dev.mysql.com/doc/refman/9.7/en/innodb-parameters.html
 */
export const FLAGS = [
  "--skip-log-bin", // no replica reads it, and nobody recovers to a point in time
  "--innodb-flush-log-at-trx-commit=0", // a commit need not survive a power failure
  "--innodb-doublewrite=OFF", // nor need a page that was half written
  "--innodb-buffer-pool-dump-at-shutdown=OFF", // there is no next start to warm up
];

/** What servers of a dialect have in common with MySQL. */
/** By statements that the server runs before it lets anybody in. What is not told stays as it is. */
const SET_PASSWORDS = String.raw`
quoted() { printf %s "$1" | sed "s/[\\\\']/\\\\&/g"; }
change() { [ -z "$1" ] || [ -z "$3" ] || echo "ALTER USER IF EXISTS '$(quoted "$1")'@'$2' IDENTIFIED BY '$(quoted "$3")';"; }
statements=$(mktemp) && chmod 644 "$statements"
for maker in MYSQL MARIADB; do
  eval "root=\$$maker""_ROOT_PASSWORD host=\$$maker""_ROOT_HOST user=\$$maker""_USER password=\$$maker""_PASSWORD"
  change root localhost "$root"
  change root "$(printf %s "$host" | grep . || echo %)" "$root"
  change "$user" % "$password"
done > "$statements"
set -- "$@" --init-file="$statements"`;

export function likeMySql(
  dialect: Dialect,
): Pick<Driver, "port" | "data" | "ask" | "flush" | "sql" | "checkpoints" | "prompt" | "share" | "connect"> {
  return {
    port: 3306,
    data: {
      path: "/var/lib/mysql",
      start: { entrypoint: "docker-entrypoint.sh", user: "mysql" },
      // Temporary tables, and files that are next to hold the redo log.
      ephemeral: ["ibtmp1", "#innodb_redo/*_tmp"],
      setPasswords: SET_PASSWORDS,
    },
    ask: (asked) => askMySql(asked, dialect),
    async flush(address) {
      const server = mySqlServer(address, dialect);
      // The redo log, which it writes once in a second, and tables that have no such log.
      const flushed = server.asRoot((connection) => connection.query("FLUSH LOCAL TABLES; FLUSH LOCAL ENGINE LOGS"));
      await flushed.finally(() => server.close());
    },
    sql: true,
    checkpoints: true,
    prompt: (address) => mySqlPrompt(address, dialect),
    share: (address, suffixes) => shareMySql(address, dialect, suffixes),
    connect(address) {
      const server = mySqlServer(address, dialect);
      return {
        takeBaseline: () => takeMySqlBaseline(server),
        reset: () => resetMySql(server),
        async adviceOn(error) {
          const holders = isLockTimeout(error) ? await lockHolders(server) : [];
          return holders.length === 0
            ? undefined
            : `end the transaction of a spec that is still open: ${holders.join("; ")}`;
        },
        version: () => mySqlVersion(server),
        close: () => server.close(),
      };
    },
  };
}

/** MySQL. */
export const mysql: KnownDriver = {
  ...likeMySql(MYSQL),
  title: "MySQL",
  modules: ["MySqlContainer"],
  images: ["mysql"],
  program: "mysqld",
  tested: ["9.7"],
  flags: [
    ...FLAGS,
    "--innodb-redo-log-capacity=16777216", // less to create and to copy; with less than this, initialising waits for checkpoints
    "--mysqlx=OFF", // the X protocol's port is not the one that is exposed
    "--innodb-validate-tablespace-paths=OFF", // nobody has moved its files
    "--table-open-cache=400", // tables beyond that are opened again when they are needed,
    "--table-definition-cache=400", // and read again;
    "--open-files-limit=2000", // files too: less to lay out before the first connection
  ],
};
