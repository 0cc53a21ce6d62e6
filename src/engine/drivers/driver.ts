import { basename } from "node:path";
import type { GenericContainer } from "testcontainers";
import type { Service } from "../../stack/stack.ts";
import { appendFlags, runFirst } from "../container/configure.ts";
import type { ImageCommand } from "../container/configure.ts";
import { classNamesOf, hasEntrypoint } from "../container/internals.ts";

/** A kind of database server that stackspec knows well enough to run it for tests. */
interface Driver {
  /** Where it keeps its data. */
  readonly data: string;
  /** Arguments that give up durability, and nothing that a test could see. */
  readonly flags: readonly string[];
  /** The entrypoint of its images, which initialises; the program that it then runs, and the user that it makes of root. */
  readonly entrypoint: string;
  readonly server: string;
  readonly user: string;
}

/**
 * By the class of the Testcontainers module. Each flag with what it gives up, all of it about surviving
 * a crash of the machine, or about other servers and clients than the stack's:
 * https://dev.mysql.com/doc/refman/9.7/en/innodb-parameters.html
 */
const DRIVERS: Readonly<Record<string, Driver>> = {
  MySqlContainer: {
    data: "/var/lib/mysql",
    flags: [
      "--skip-log-bin", // no replica reads it, and nobody recovers to a point in time
      "--innodb-flush-log-at-trx-commit=0", // a commit need not survive a power failure
      "--innodb-doublewrite=OFF", // nor need a page that was half written
      "--innodb-redo-log-capacity=16777216", // less to create and to copy; with less than this, initialising waits for checkpoints
      "--innodb-buffer-pool-dump-at-shutdown=OFF", // there is no next start to warm up
      "--mysqlx=OFF", // the X protocol's port is not the one that is exposed
      "--innodb-validate-tablespace-paths=OFF", // nobody has moved its files
      "--table-open-cache=400", // tables beyond that are opened again when they are needed,
      "--table-definition-cache=400", // and read again;
      "--open-files-limit=2000", // files too: less to lay out before the first connection
    ],
    entrypoint: "docker-entrypoint.sh",
    server: "mysqld",
    user: "mysql",
  },
};

/** The driver for a container: by the class of its Testcontainers module, or the one that it is a subclass of. */
function driverOf(container: GenericContainer): Driver | undefined {
  return classNamesOf(container)
    .map((name) => DRIVERS[name])
    .find((driver) => driver !== undefined);
}

/** The data directory of a service, and whether it is run for tests rather than to last. */
export function dataOf(service: Service, container: GenericContainer): { path: string; durable: boolean } | undefined {
  const path = service.options.data ?? driverOf(container)?.data;
  return path === undefined ? undefined : { path, durable: service.options.durable ?? false };
}

/** Adds the flags of a known database, unless the service is durable or has a command of its own. */
export function runForTests(service: Service, container: GenericContainer): void {
  const known = driverOf(container);
  if (known !== undefined && service.options.durable !== true) appendFlags(container, known.flags);
}

/**
 * Makes a container start from data that is there already, in `from`. A known database's server is started at once:
 * its image's entrypoint would only find out that there is nothing to initialise.
 */
export function startFrom(container: GenericContainer, from: string, to: string, image: ImageCommand): void {
  // Sparse where `cp` can: less memory. Without -p: whoever runs the server owns the copy, as it owns a directory that it makes.
  const copy = `{ cp -R --sparse=always ${from}/. ${to}/ 2>/dev/null || cp -R ${from}/. ${to}/; }`;
  const known = driverOf(container);
  if (known === undefined || hasEntrypoint(container) || !isEntrypoint(image, known.entrypoint))
    return runFirst(container, copy, image);
  const { server, user } = known;
  const name = `case "$1" in -*) set -- ${server} "$@" ;; esac`;
  const become = `{ [ "$(id -u)" != 0 ] || { chown -R ${user}: ${to} && set -- "$@" --user=${user}; }; }`;
  runFirst(container, `${copy} && ${name} && ${become}`, { ...image, Entrypoint: [] });
}

function isEntrypoint({ Entrypoint = [] }: ImageCommand, name: string): boolean {
  const [program = ""] = [Entrypoint].flat();
  return basename(program) === name;
}
