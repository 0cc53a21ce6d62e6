import type { GenericContainer } from "testcontainers";
import type { Service } from "../stack/declaration.ts";
import { appendFlags } from "./container.ts";

/** A database server that stackspec knows well enough to run it for tests. */
interface Database {
  /** Where it keeps its data. */
  readonly data: string;
  /** Arguments that give up durability, and nothing that a test could see. */
  readonly flags: readonly string[];
}

/**
 * By the class of the Testcontainers module. Each flag with what it gives up, all of it about surviving
 * a crash of the machine, or about other servers and clients than the stack's:
 * https://dev.mysql.com/doc/refman/9.7/en/innodb-parameters.html
 */
const DATABASES: Readonly<Record<string, Database>> = {
  MySqlContainer: {
    data: "/var/lib/mysql",
    flags: [
      "--skip-log-bin", // no replica reads it, and nobody recovers to a point in time
      "--innodb-flush-log-at-trx-commit=0", // a commit need not survive a power failure
      "--innodb-doublewrite=OFF", // nor need a page that was half written
      "--innodb-redo-log-capacity=8388608", // less to create and to copy; checkpoints are cheap in memory
      "--innodb-buffer-pool-dump-at-shutdown=OFF", // there is no next start to warm up
      "--mysqlx=OFF", // the X protocol's port is not the one that is exposed
    ],
  },
};

/** The data directory of a service, and whether it is run for tests rather than to last. */
export function dataOf(service: Service, container: GenericContainer): { path: string; durable: boolean } | undefined {
  const path = service.options.data ?? DATABASES[container.constructor.name]?.data;
  return path === undefined ? undefined : { path, durable: service.options.durable ?? false };
}

/** Adds the flags of a known database, unless the service is durable or has a command of its own. */
export function runForTests(service: Service, container: GenericContainer): void {
  const known = DATABASES[container.constructor.name];
  if (known !== undefined && service.options.durable !== true) appendFlags(container, known.flags);
}
