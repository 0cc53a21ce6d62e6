import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../errors.ts";

type Words = readonly (string | Buffer)[];

/** A connection that is told the names of all keys that are written, from its first moment. */
export interface RedisConnection {
  /** Text in replies is bytes. */
  command<T>(...words: Words): Promise<T>;
  /** Several commands with none of anybody else's between them. */
  transaction(commands: readonly Words[]): Promise<void>;
  /** What has been written since it was opened, or since that was last brought back. */
  readonly changes: Changes;
  /** False when it was cut: nobody knows what has been written since. */
  readonly isOpen: boolean;
  close(): void;
}

/** What has been written: in which database is not told. */
export interface Changes {
  /** Names of keys, a character for each byte. */
  names: Set<string>;
  /** Anything may have changed. */
  all: boolean;
  /** What INFO says of commands that change keys without telling. */
  untold: Map<string, string>;
}

/** Has the names of all keys that anybody writes sent to a connection. */
export const START_TRACKING = ["CLIENT", "TRACKING", "ON", "BCAST"];
export const STOP_TRACKING = ["CLIENT", "TRACKING", "OFF"];

/**
 * Connects to a server as its user "default".
 *
 * @throws Error naming the package that is missing, or saying which password was expected
 */
export async function openConnection({
  host,
  port,
  password,
}: {
  readonly host: string;
  readonly port: number;
  readonly password: string;
}): Promise<RedisConnection> {
  const { createClient, RESP_TYPES } = await import("redis").catch((cause: unknown) => {
    throw new Error("expected the package redis, add it: npm i -D redis", { cause });
  });
  const client = createClient({
    socket: { host, port, reconnectStrategy: false },
    ...(password !== "" && { password }),
    name: "stackspec",
    RESP: 3,
    emitInvalidate: true,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  const changes: Changes = { names: new Set(), all: true, untold: new Map() };
  client.on("invalidate", (name: Buffer | null) => {
    if (name === null) changes.all = true;
    else changes.names.add(name.toString("latin1"));
  });
  // The command that it is noticed by fails.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.sendCommand(STOP_TRACKING);
    await client.sendCommand(START_TRACKING);
    // It lets everybody in while it still reads its file, and answers nothing.
    while (/^loading:1/m.test(await client.sendCommand(["INFO", "persistence"]))) await sleep(20);
  } catch (cause) {
    if (client.isOpen) client.destroy();
    const expected = /NOAUTH|WRONGPASS|NOPERM/.test(messageOf(cause))
      ? `expected the password of its user "default" after --requirepass in its command, or after requirepass in the configuration file that it names`
      : `expected Redis's protocol on its port`;
    throw new Error(`${expected}, got: ${messageOf(cause)}`, { cause });
  }
  return {
    command: <T>(...words: Words) => client.sendCommand<T>([...words]),
    async transaction(commands) {
      const all = client.multi();
      for (const words of commands) all.addCommand([...words]);
      await all.exec().catch((error: Error & { replies?: unknown[] }) => {
        throw error.replies?.find((reply): reply is Error => reply instanceof Error) ?? error;
      });
    },
    changes,
    get isOpen() {
      return client.isReady;
    },
    close() {
      if (client.isOpen) client.destroy();
    },
  };
}
