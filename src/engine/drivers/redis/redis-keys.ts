import { START_TRACKING, STOP_TRACKING } from "./redis-connection.ts";
import type { RedisConnection } from "./redis-connection.ts";

/** Beyond this many names it is quicker to write all keys anew. */
const MOST_NAMES = 10_000;

/**
 * A record is a database, when the key expires (ms since 1970, or -1), two lengths, and whether it is a stream; then the
 * name and what DUMP says of it.
 */
const HEADER = { format: "<I4dI4I4B", bytes: 21 };

const EACH_DATABASE = "for db in string.gmatch(redis.call('INFO', 'keyspace'), 'db(%d+):') do redis.call('SELECT', db)";

/** All keys of all databases, at one moment: nobody else is served while a script runs. */
const DUMP_ALL = `#!lua flags=no-writes,allow-oom
  local records = {}
  ${EACH_DATABASE}
    for _, name in ipairs(redis.call('KEYS', '*')) do
      local value = redis.call('DUMP', name)
      if value then
        local stream = redis.call('TYPE', name).ok == 'stream' and 1 or 0
        table.insert(records, struct.pack('${HEADER.format}', db, redis.call('PEXPIRETIME', name), #name, #value, stream))
        table.insert(records, name)
        table.insert(records, value)
      end
    end
  end
  return table.concat(records)`;

/**
 * Writes the records where they differ and removes the names that have none; without names, writes all records and removes
 * all other keys. RESTORE makes no key whose time is over.
 */
const RESTORE = `#!lua flags=allow-oom
  local records, at, selected, kept, all = ARGV[1], 1, nil, {}, #ARGV == 1
  if all then ${EACH_DATABASE} redis.call('FLUSHDB', 'SYNC') end end
  while at <= #records do
    local db, expires, length, size, _, from = struct.unpack('${HEADER.format}', records, at)
    local name, value = string.sub(records, from, from + length - 1), string.sub(records, from + length, from + length + size - 1)
    if db ~= selected then redis.call('SELECT', db) end
    selected, at = db, from + length + size
    if all or redis.call('DUMP', name) ~= value or redis.call('PEXPIRETIME', name) ~= expires then
      local untilTime = expires < 0 and '0' or string.format('%.0f', expires)
      redis.call('RESTORE', name, untilTime, value, 'REPLACE', 'ABSTTL')
    end
    if not all then kept[db .. ':' .. name] = true end
  end
  if not all then
    ${EACH_DATABASE}
      for i = 2, #ARGV do
        if not kept[db .. ':' .. ARGV[i]] then redis.call('UNLINK', ARGV[i]) end
      end
    end
  end`;

/** The keys of all databases of a server. */
export interface Keys {
  /** One after the other. */
  readonly records: Buffer;
  /** The same by name, a character for each byte: a name may be there in several databases. */
  readonly byName: ReadonlyMap<string, readonly Buffer[]>;
  /** The names of streams. */
  readonly streams: readonly string[];
}

export async function readKeys(connection: RedisConnection): Promise<Keys> {
  const { changes } = connection;
  changes.untold = await untoldCommands(connection);
  Object.assign(changes, { names: new Set(), all: false });
  return keysOf(await connection.command<Buffer>("EVAL", DUMP_ALL, "0"));
}

export function keysOf(records: Buffer): Keys {
  const byName = new Map<string, Buffer[]>();
  const streams: string[] = [];
  for (let at = 0; at < records.length;) {
    const value = at + HEADER.bytes + records.readUInt32LE(at + 12);
    const end = value + records.readUInt32LE(at + 16);
    const name = records.toString("latin1", at + HEADER.bytes, value);
    byName.set(name, [...(byName.get(name) ?? []), records.subarray(at, end)]);
    if (records[at + 20] === 1) streams.push(name);
    at = end;
  }
  return { records, byName, streams };
}

/**
 * Brings back every key that has been written since the connection was opened or this was last done, or all of them where
 * that is not known.
 */
export async function restoreKeys(connection: RedisConnection, { records, byName, streams }: Keys): Promise<void> {
  const { changes } = connection;
  const untold = await untoldCommands(connection);
  const called = [...new Set([...untold.keys(), ...changes.untold.keys()])].filter(
    (line) => untold.get(line) !== changes.untold.get(line),
  );
  // Of streams only what is added and removed is told, nothing about their groups.
  if (called.some((line) => line.startsWith("x"))) for (const name of streams) changes.names.add(name);
  const all = changes.all || changes.names.size > MOST_NAMES || called.some((line) => !line.startsWith("x"));
  const names = [...changes.names];
  // Whatever is told from now on is for the next time. That is what this writes, too: had others written the same key at the
  // same moment, the server would tell of it but once.
  Object.assign(changes, { names: new Set(), all: false, untold });
  try {
    // It would be told of its own FLUSHDB.
    if (all) await connection.transaction([STOP_TRACKING, ["EVAL", RESTORE, "0", records], START_TRACKING]);
    else if (names.length > 0) {
      const found = Buffer.concat(names.flatMap((name) => byName.get(name) ?? []));
      await connection.command("EVAL", RESTORE, "0", found, ...names.map((name) => Buffer.from(name, "latin1")));
    }
  } catch (error) {
    changes.all = true;
    throw error;
  }
}

/**
 * What INFO says of the commands that change keys without telling whose: those of streams' groups, and those that exchange
 * whole databases. A command in a script counts too.
 */
async function untoldCommands(connection: RedisConnection): Promise<Map<string, string>> {
  const text = String(await connection.command("INFO", "commandstats"));
  const lines = text.matchAll(/^cmdstat_((?:x|swapdb|replicaof|slaveof|debug)[^:]*):(.*)$/gm);
  return new Map([...lines].map(([, name, calls]) => [name!, calls!]));
}
