import type { KnownDriver } from "./driver.ts";

/**
 * MariaDB: its data is kept with snapshots; it is not reset. Each flag with what it gives up:
 * https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-system-variables
 */
export const mariadb: KnownDriver = {
  title: "MariaDB",
  modules: ["MariaDbContainer"],
  images: ["mariadb"],
  program: "mariadbd",
  port: 3306,
  data: { path: "/var/lib/mysql", start: { entrypoint: "docker-entrypoint.sh", user: "mysql" } },
  flags: [
    "--skip-log-bin", // no replica reads it, and nobody recovers to a point in time
    "--debug-no-sync", // what is written need not survive a power failure
    "--innodb-flush-log-at-trx-commit=0", // nor a commit
    "--innodb-doublewrite=OFF", // nor a page that was half written
    "--innodb-buffer-pool-dump-at-shutdown=OFF", // there is no next start to warm up
  ],
  connect() {
    throw new Error('stackspec does not reset MariaDB: set its option reset, to "keep" or to a function');
  },
};
