import { usageError } from "../../errors.ts";
import type { DataDirectory, Driver, KnownDriver, Told } from "../../stack/driver.ts";
import { mariadb as knownMariadb } from "./mariadb/mariadb.ts";
import { mysql as knownMysql } from "./mysql/mysql.ts";
import { postgres as knownPostgres } from "./postgres/postgres.ts";
import { rabbitmq as knownRabbitmq } from "./rabbitmq/rabbitmq.ts";
import { redis as knownRedis, valkey as knownValkey } from "./redis/redis.ts";

/** What an image that is not the official one does otherwise. */
export interface ServerOptions {
  /** The port that it is reached by in its container. @default the usual one */
  readonly port?: number;
  /** Its data directory, an absolute path. @default where the official image has it */
  readonly data?: string;
  /**
   * Arguments that give up durability, which are put behind its command; `[]` where the image's entrypoint takes none.
   * @default the driver's own
   */
  readonly flags?: readonly string[];
}

export interface PostgresOptions extends ServerOptions {
  /** The superuser. @default { variable: "POSTGRES_USER" }, else "postgres" */
  readonly user?: Told;
  /** The superuser's password. @default { variable: "POSTGRES_PASSWORD" } */
  readonly password?: Told;
  /** The database that is there when it is ready. @default { variable: "POSTGRES_DB" }, else the user's name */
  readonly database?: Told;
}

export interface MySqlOptions extends ServerOptions {
  /** The user that it serves when it is ready. @default { variable: "MYSQL_USER" }, else root; of MariaDB `MARIADB_USER` */
  readonly user?: Told;
  /** That user's password. @default { variable: "MYSQL_PASSWORD" } */
  readonly password?: Told;
  /** The database that is there when it is ready. @default { variable: "MYSQL_DATABASE" } */
  readonly database?: Told;
  /** The password of root, who resets. @default { variable: "MYSQL_ROOT_PASSWORD" } */
  readonly rootPassword?: Told;
}

export interface RedisOptions extends ServerOptions {
  /** The password of the user "default". @default what its command or its configuration file says */
  readonly password?: Told;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** What the values of options have to be. */
const COMMON: Readonly<Record<string, readonly [string, (value: unknown) => boolean]>> = {
  port: ["a port from 1 to 65535", (value) => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536],
  data: ["an absolute path", (value) => isText(value) && String(value).startsWith("/")],
  flags: ["a list of texts", (value) => Array.isArray(value) && value.every((each) => typeof each === "string")],
};
const TOLD = [
  "a text, or { variable: NAME }",
  (value: unknown) => typeof value === "string" || (isObject(value) && isText(value["variable"])),
] as const;

const arePathsBelow = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => isText(each) && !/^\/|(^|\/)\.\.?(\/|$)/.test(String(each)));

const FUNCTION = ["a function", (value: unknown) => typeof value === "function"] as const;
const MEMBERS: Readonly<Record<keyof Driver, readonly [string, (value: unknown) => boolean]>> = {
  title: ["a text", isText],
  port: COMMON["port"]!,
  data: [
    "an object with the member path, and what is ephemeral as paths in it",
    (value) => isObject(value) && COMMON["data"]![1](value["path"]) && arePathsBelow(value["ephemeral"] ?? []),
  ],
  flags: COMMON["flags"]!,
  program: ["a text", isText],
  client: [
    "an object with the members name and from",
    (value) => isObject(value) && isText(value["name"]) && /^\d+\.\d+\.\d+$/.test(String(value["from"])),
  ],
  tested: COMMON["flags"]!,
  variables: ["an object", isObject],
  ask: FUNCTION,
  sql: ["true or false", (value) => typeof value === "boolean"],
  flush: FUNCTION,
  restored: FUNCTION,
  declaredByClients: ["true or false", (value) => typeof value === "boolean"],
  checkpoints: ["true or false", (value) => typeof value === "boolean"],
  prompt: FUNCTION,
  share: FUNCTION,
  flagsToShare: COMMON["flags"]!,
  connect: FUNCTION,
};

/**
 * The drivers that stackspec has, for images that it does not know by their name or that are told otherwise than the official
 * ones. Each @throws StackspecError `USAGE` for an option that it does not have, or a value that cannot be one.
 */
export const postgres = (options: PostgresOptions = {}): Driver =>
  withOptions("postgres", knownPostgres, options, {
    user: "POSTGRES_USER",
    password: "POSTGRES_PASSWORD",
    database: "POSTGRES_DB",
  });
export const mysql = (options: MySqlOptions = {}): Driver =>
  withOptions("mysql", knownMysql, options, {
    user: "MYSQL_USER",
    password: "MYSQL_PASSWORD",
    database: "MYSQL_DATABASE",
    rootPassword: "MYSQL_ROOT_PASSWORD",
  });
export const mariadb = (options: MySqlOptions = {}): Driver =>
  withOptions("mariadb", knownMariadb, options, {
    user: "MARIADB_USER",
    password: "MARIADB_PASSWORD",
    database: "MARIADB_DATABASE",
    rootPassword: "MARIADB_ROOT_PASSWORD",
  });
export const redis = (options: RedisOptions = {}): Driver =>
  withOptions("redis", knownRedis, options, { password: "STACKSPEC_PASSWORD" });
export const valkey = (options: RedisOptions = {}): Driver =>
  withOptions("valkey", knownValkey, options, { password: "STACKSPEC_PASSWORD" });
export const rabbitmq = (options: ServerOptions = {}): Driver => withOptions("rabbitmq", knownRabbitmq, options, {});

/**
 * A driver for a service that stackspec does not know, as it is given.
 *
 * @example `stack.service("cache", …, { image: "memcached:1.6", driver: memcached })`
 * @throws StackspecError `USAGE` for a member that it has not, or that is missing
 */
export function defineDriver(driver: Driver): Driver {
  const subject = isObject(driver) && isText(driver["title"]) ? `driver "${driver["title"]}"` : "defineDriver";
  check(subject, "members", driver, MEMBERS);
  for (const name of ["title", "port", "connect"] as const)
    if (driver[name] === undefined) throw usageError(subject, `expected the member ${name}, which is missing`);
  return Object.freeze({ ...driver });
}

/** The known driver, told what is otherwise; `names` are the variables that it reads, by the options that stand for them. */
function withOptions(
  word: string,
  { modules: _modules, images: _images, ...driver }: KnownDriver,
  options: ServerOptions,
  names: Readonly<Record<string, string>>,
): Driver {
  const told = Object.fromEntries(Object.keys(names).map((name) => [name, TOLD]));
  check(`${word}()`, "options", options, { ...COMMON, ...told });
  const given = Object.entries(options) as [string, Told][];
  const { port = driver.port, flags = driver.flags, data: path } = options;
  return Object.freeze({
    ...driver,
    port,
    ...(flags && { flags }),
    ...(path !== undefined && { data: movedTo(path, driver.data) }),
    variables: Object.fromEntries(
      given.flatMap(([name, value]) => (names[name] === undefined ? [] : [[names[name], value]])),
    ),
  });
}

function movedTo(path: string, data: DataDirectory | undefined): DataDirectory {
  const { variable: _variable, ...rest } = data ?? { path };
  return { ...rest, path };
}

/** @param what "options" or "members" */
function check(
  subject: string,
  what: string,
  given: unknown,
  expected: Readonly<Record<string, readonly [string, (value: unknown) => boolean]>>,
): void {
  if (!isObject(given)) throw usageError(subject, `expected an object of ${what}, got ${shown(given)}`);
  for (const [name, value] of Object.entries(given)) {
    const known = Object.hasOwn(expected, name) ? expected[name] : undefined;
    if (known === undefined)
      throw usageError(subject, `expected ${what} among ${Object.keys(expected).join(", ")}, got "${name}"`);
    const [wanted, isIt] = known;
    if (value !== undefined && !isIt(value))
      throw usageError(subject, `${name}: expected ${wanted}, got ${shown(value)}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Nobody's password. */
const shown = (value: unknown): string => (typeof value === "number" ? String(value) : `a ${typeof value}`);
