import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { messageOf } from "../../../errors.ts";
import type { ServiceAddress } from "../../../stack/driver.ts";
import { DATABASES_EACH, firstDatabase } from "../worker-suffix.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { keysOf, readKeys, restoreKeys } from "./redis-keys.ts";
import type { Databases, Keys } from "./redis-keys.ts";

/** All that a server holds. */
export interface RedisBaseline {
  readonly keys: Keys;
  readonly settings: Settings;
}

/** What belongs to no database. */
interface Settings {
  /** What CONFIG GET says, but for passwords: a snapshot holds none. */
  readonly config: Readonly<Record<string, string>>;
  /** What ACL LIST says, by the user's name: the words after it. */
  readonly users: Readonly<Record<string, string>>;
  /** FUNCTION DUMP, in base64. */
  readonly functions: string;
}

/**
 * The file that holds the baseline, in the server's data directory. No command of an application reaches it there, as it
 * would a key: FLUSHALL is what many suites begin with. The next run of a kept stack finds it, and a snapshot has it.
 */
const FILE = "stackspec-baseline";

/** The databases that are this process's to bring back. */
function databasesOf({ shared, suffix }: ServiceAddress): Databases {
  if (!shared) return { first: 0, last: Number.MAX_SAFE_INTEGER, shared };
  const first = firstDatabase(suffix);
  return { first, last: first + DATABASES_EACH - 1, shared };
}

/** How many bytes of base64 an argument may have, and all arguments of a command: Linux allows 128 KiB and 2 MiB. */
const ARGUMENT_BYTES = 96 * 1024;
const ARGUMENTS = 12;

/** Notes all that a server holds: what `resetRedis` goes back to. */
export async function takeRedisBaseline(connection: RedisConnection, address: ServiceAddress): Promise<RedisBaseline> {
  const [keys, settings] = [await readKeys(connection, databasesOf(address)), await readSettings(connection)];
  const text = gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(settings)}\n`), keys.records]), { level: 1 });
  const parts = text.toString("base64").match(new RegExp(`.{1,${ARGUMENT_BYTES}}`, "g"))!;
  const file = fileOf(settings.config, address);
  for (let at = 0; at < parts.length; at += ARGUMENTS) {
    const write = `umask 077; printf %s "$@" ${at === 0 ? ">" : ">>"} '${file}'`;
    const { exitCode, output } = await address.exec(["sh", "-c", write, "sh", ...parts.slice(at, at + ARGUMENTS)]);
    if (exitCode !== 0) throw new Error(`expected to write ${file}, got: ${output.trim()}`);
  }
  // Without a save point it would not write its keys when it stops: a snapshot would have none.
  if (settings.config["save"] === "") await connection.command("SAVE");
  return { keys, settings };
}

/** What was noted by a run before this one; undefined when nothing was. */
export async function readBaseline(
  connection: RedisConnection,
  address: ServiceAddress,
): Promise<RedisBaseline | undefined> {
  const file = fileOf(await configOf(connection), address);
  const { exitCode, output } = await address.exec(["cat", file]);
  if (exitCode !== 0) return undefined;
  const all = gunzipSync(Buffer.from(output, "base64"));
  const end = all.indexOf("\n");
  return {
    keys: keysOf(all.subarray(end + 1)),
    settings: JSON.parse(all.subarray(0, end).toString()) as Settings,
  };
}

/**
 * Brings a server back to the baseline: the keys of all databases with when they expire, functions, users and what
 * CONFIG SET can set; of a server that workers share the keys of this one's databases. Touches only what has changed. A key
 * whose time is over stays away.
 *
 * @throws Error naming a setting that the server does not take back
 */
export async function resetRedis(
  connection: RedisConnection,
  baseline: RedisBaseline,
  password: string,
  address: ServiceAddress,
): Promise<void> {
  // They say how much may be stored, and how. And this is a command before the next one: what was written before it may be
  // told after its own reply, but not after the next one's.
  if (address.shared) await connection.command("PING");
  else await restoreSettings(connection, baseline, password);
  await restoreKeys(connection, baseline.keys, databasesOf(address));
}

const fileOf = ({ dir }: Settings["config"], { suffix, baseline = "" }: ServiceAddress): string =>
  `${dir}/${FILE}${suffix}${baseline}`;

async function configOf(connection: RedisConnection): Promise<Record<string, string>> {
  const config = await connection.command<Record<string, Buffer>>("CONFIG", "GET", "*");
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, value.toString()]));
}

async function readSettings(connection: RedisConnection): Promise<Settings> {
  const [config, users, functions] = await Promise.all([
    configOf(connection),
    connection.command<Buffer[]>("ACL", "LIST"),
    connection.command<Buffer>("FUNCTION", "DUMP"),
  ]);
  const isPassword = (name: string): boolean => /(pass|auth)$/.test(name);
  return {
    config: Object.fromEntries(Object.entries(config).filter(([name]) => !isPassword(name))),
    users: Object.fromEntries(
      users.map((user) => {
        const [, name, rules] = /^user (\S+) (.*)$/s.exec(user.toString("latin1"))!;
        return [name!, rules!];
      }),
    ),
    functions: functions.toString("base64"),
  };
}

/** Brings back what belongs to no database. */
export async function restoreSettings(
  connection: RedisConnection,
  { settings: before }: RedisBaseline,
  password: string,
): Promise<void> {
  const now = await readSettings(connection);
  const users = withPassword(before.users, password);
  for (const [name, value] of Object.entries(before.config))
    if (now.config[name] !== value) await setConfig(connection, name, value);
  const words = (text: string): Buffer[] => text.split(" ").map((word) => Buffer.from(word, "latin1"));
  const isChanged = ([name, rules]: [string, string]): boolean => now.users[name] !== rules;
  const changed = Object.entries(users).filter(isChanged);
  if (changed.some(([name]) => name === "default")) await setConfig(connection, "requirepass", password);
  for (const [name, rules] of changed)
    await connection.command("ACL", "SETUSER", ...words(name), "reset", ...words(rules));
  const added = Object.keys(now.users).filter((name) => before.users[name] === undefined);
  if (added.length > 0) await connection.command("ACL", "DELUSER", ...added.flatMap(words));
  if (now.functions !== before.functions)
    await connection.command("FUNCTION", "RESTORE", Buffer.from(before.functions, "base64"), "FLUSH");
}

/** The user that is told its password by the declaration: on the machine that noted the others it was another one. */
function withPassword(users: Settings["users"], password: string): Settings["users"] {
  const { default: rules } = users;
  if (rules === undefined) return users;
  const hash = createHash("sha256").update(password).digest("hex");
  return { ...users, default: rules.replace(/(?<= |^)#[0-9a-f]{64}/, `#${hash}`) };
}

/** What differs though nobody can set it was changed by another start of the server. */
async function setConfig(connection: RedisConnection, name: string, value: string): Promise<void> {
  await connection.command("CONFIG", "SET", name, value).catch((cause: unknown) => {
    if (/immutable|protected/.test(messageOf(cause))) return;
    throw new Error(`the setting ${name} cannot be set again: ${messageOf(cause)}`, { cause });
  });
}
