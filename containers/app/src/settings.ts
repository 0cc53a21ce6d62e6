import * as v from "valibot";
import { UsageError } from "./errors.ts";

/** How to reach MySQL. */
export type MysqlSettings = Readonly<{ host: string; port: number; database: string; user: string; password: string }>;

/** Where the todos are kept. */
export type StoreSettings =
  | Readonly<{ kind: "mysql"; mysql: MysqlSettings }>
  | Readonly<{ kind: "sqlite"; path: string }>;

/** Where to listen: a unix socket, or a port (0: any that is free) of one host (default: of all addresses). */
export type Address = Readonly<{ socketPath: string } | { port: number; host?: string }>;

/** What the environment asks for. */
export type Settings = Readonly<{
  store: StoreSettings;
  address: Address;
  /** Where collectstatic copies to; nothing else needs it. */
  staticRoot?: string;
  shutdownTimeoutMs: number;
}>;

/** The longest path that fits into a Linux `sockaddr_un`, in bytes. */
const longestSocketPath = 107;

const integer = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.check(
      (text) => /^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max,
      ({ input }) => `expected an integer from ${min} to ${max}, got "${input}"`,
    ),
    v.transform(Number),
  );

const environment = v.object({
  MYSQL_HOST: v.optional(v.string()),
  MYSQL_PORT: v.optional(integer(1, 65_535), "3306"),
  MYSQL_DATABASE: v.optional(v.string()),
  MYSQL_USER: v.optional(v.string()),
  MYSQL_PASSWORD: v.optional(v.string(), ""),
  SQLITE_PATH: v.optional(v.string(), ":memory:"),
  HOST: v.optional(v.string()),
  PORT: v.optional(integer(0, 65_535)),
  SOCKET_PATH: v.optional(
    v.pipe(
      v.string(),
      v.check(
        (path) => Buffer.byteLength(path) <= longestSocketPath,
        ({ input }) => `expected a path of at most ${longestSocketPath} bytes, got ${Buffer.byteLength(input)}`,
      ),
    ),
  ),
  STATIC_ROOT: v.optional(v.string()),
  SHUTDOWN_TIMEOUT_MS: v.optional(integer(1, 600_000), "10000"),
});

type Environment = v.InferOutput<typeof environment>;

/**
 * Reads the settings; an empty variable counts as one that is not set.
 * @throws UsageError that names every variable that is wrong, what was expected and what it holds
 */
export function readSettings(env: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const result = v.safeParse(environment, given);
  if (!result.success) {
    throw new UsageError(result.issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`).join("; "));
  }
  const { STATIC_ROOT, SHUTDOWN_TIMEOUT_MS } = result.output;
  return {
    store: storeFrom(result.output),
    address: addressFrom(result.output),
    ...(STATIC_ROOT !== undefined && { staticRoot: STATIC_ROOT }),
    shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS,
  };
}

function storeFrom(env: Environment): StoreSettings {
  if (env.MYSQL_HOST === undefined) return { kind: "sqlite", path: env.SQLITE_PATH };
  const {
    MYSQL_HOST: host,
    MYSQL_PORT: port,
    MYSQL_DATABASE: database,
    MYSQL_USER: user,
    MYSQL_PASSWORD: password,
  } = env;
  if (database === undefined) throw new UsageError("MYSQL_DATABASE: expected a name beside MYSQL_HOST, got nothing");
  if (user === undefined) throw new UsageError("MYSQL_USER: expected a name beside MYSQL_HOST, got nothing");
  return { kind: "mysql", mysql: { host, port, database, user, password } };
}

function addressFrom({ SOCKET_PATH: socketPath, PORT: port, HOST: host }: Environment): Address {
  if (socketPath === undefined) return { port: port ?? 8000, ...(host !== undefined && { host }) };
  if (port !== undefined) throw new UsageError("SOCKET_PATH: expected either a socket or a PORT, got both");
  return { socketPath };
}
