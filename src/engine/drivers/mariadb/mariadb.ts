import type { KnownDriver } from "../../../stack/driver.ts";
import { FLAGS, likeMySql } from "../mysql/mysql.ts";
import { MARIADB } from "./mariadb-dialect.ts";

/** MariaDB: https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-system-variables */
export const mariadb: KnownDriver = {
  ...likeMySql(MARIADB),
  title: "MariaDB",
  modules: ["MariaDbContainer"],
  images: ["mariadb"],
  program: "mariadbd",
  tested: ["11.8"],
  flags: [
    ...FLAGS,
    "--innodb-log-file-size=16777216", // less to create and to copy than 96 MiB
    "--debug-no-sync", // what is written need not survive a power failure
    "--userstat=ON", // gives up nothing: a reset sees by its counters where rows were written
  ],
};
