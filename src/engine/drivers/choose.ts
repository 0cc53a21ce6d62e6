import { basename } from "node:path";
import type { GenericContainer } from "testcontainers";
import { usageError } from "../../errors.ts";
import type { Service } from "../../stack/stack.ts";
import type { ImageCommand } from "../container/configure.ts";
import { classNamesOf } from "../container/internals.ts";
import type { Driver, KnownDriver } from "../../stack/driver.ts";
import { mariadb } from "./mariadb/mariadb.ts";
import { mysql } from "./mysql/mysql.ts";
import { postgres } from "./postgres/postgres.ts";
import { rabbitmq } from "./rabbitmq/rabbitmq.ts";
import { redis, valkey } from "./redis/redis.ts";

const DRIVERS: readonly KnownDriver[] = [mysql, mariadb, postgres, redis, valkey, rabbitmq];

/**
 * What is known of a service: the driver that it declares; else by the class of its Testcontainers module, or one that it is
 * a subclass of; else by the name of the image that it declares, whatever registry that comes from.
 *
 * @throws StackspecError `USAGE` when it declares the driver of one kind and is of another
 */
export function driverOf({ name, options }: Service, container: GenericContainer): Driver | undefined {
  const { driver: declared, image } = options;
  if (declared === false) return undefined;
  const byImage = DRIVERS.find(({ images }) => typeof image === "string" && images.includes(repositoryOf(image)));
  const byClass = classNamesOf(container)
    .map((className) => DRIVERS.find(({ modules }) => modules.includes(className)))
    .find((driver) => driver !== undefined);
  if (declared === undefined) return byClass ?? byImage;
  const expected = DRIVERS.find(({ title }) => title === declared.title);
  // The image says what is run, and the class how it is spoken to: MariaDB may run in a MySqlContainer.
  const isOther =
    byImage === undefined ? byClass !== undefined && byClass.port !== expected?.port : byImage !== expected;
  if (expected !== undefined && isOther) {
    const found = byImage === undefined ? `a ${byClass!.modules.join(", ")}` : `the image ${image as string}`;
    throw usageError(name, `expected ${expected.title}, which is what its driver is for, got ${found}`);
  }
  return declared;
}

/**
 * Looks at what the image of a service with a declared driver runs, whatever it is called.
 *
 * @throws StackspecError `USAGE` when that is the program of another kind
 */
export function checkProgram({ name, options }: Service, { Entrypoint, Cmd }: ImageCommand): void {
  const words = new Set([Entrypoint ?? [], Cmd ?? []].flat().map((word) => basename(word)));
  const found = DRIVERS.find(({ program }) => program !== undefined && words.has(program));
  const expected = DRIVERS.find(({ title }) => options.driver && title === options.driver.title);
  if (found !== undefined && expected !== undefined && found !== expected)
    throw usageError(
      name,
      `expected ${expected.title}, which is what its driver is for, got an image that runs ${found.program}`,
    );
}

/** "registry.example:5000/library/mysql:9.7@sha256:…" is of the repository "mysql". */
function repositoryOf(image: string): string {
  return image.replace(/@.*$/, "").split("/").at(-1)!.replace(/:.*$/, "");
}
