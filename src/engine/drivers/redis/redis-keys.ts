import { DATABASES_EACH, firstDatabase } from "../worker-suffix.ts";
import { START_TRACKING, STOP_TRACKING } from "./redis-connection.ts";
import type { RedisConnection } from "./redis-connection.ts";

/** From this many names on it is quicker to write all keys anew, when half of them have been written. */
const MANY_NAMES = 1_000;

/**
 * A record is a database, when the key expires (ms since 1970, or -1), two lengths, and whether it is a stream; then the
 * name and what DUMP says of it.
 */
const HEADER = { format: "<I4dI4I4B", bytes: 21 };

/** Lua: the databases from `first` to `last` that hold anything. */
const EACH_DATABASE = `local function each(work)
    for number in string.gmatch(redis.call('INFO', 'keyspace'), 'db(%d+):') do
      local db = tonumber(number)
      if db >= first and db <= last then redis.call('SELECT', db) work(db) end
    end
  end`;

/** All keys of some databases, at one moment: nobody else is served while a script runs. */
const DUMP_ALL = `#!lua flags=no-writes,allow-oom
  local first, last, records = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
  ${EACH_DATABASE}
  each(function(db)
    for _, name in ipairs(redis.call('KEYS', '*')) do
      local value = redis.call('DUMP', name)
      if value then
        local stream = redis.call('TYPE', name).ok == 'stream' and 1 or 0
        table.insert(records, struct.pack('${HEADER.format}', db, redis.call('PEXPIRETIME', name), #name, #value, stream))
        table.insert(records, name)
        table.insert(records, value)
      end
    end
  end)
  return table.concat(records)`;

/**
 * Writes the records where they differ and removes the names that have none; without names, those of all keys. Where nobody
 * else is told, it is quicker to write all records anew. RESTORE makes no key whose time is over.
 */
const RESTORE = `#!lua flags=allow-oom
  local records, first, last, alone = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == 'alone'
  local at, selected, kept, written, all = 1, nil, {}, {}, ARGV[5] == nil
  local anew = all and alone
  while not all and at <= #ARGV[5] do
    local length, from = struct.unpack('<I4', ARGV[5], at)
    table.insert(written, string.sub(ARGV[5], from, from + length - 1))
    at = from + length
  end
  at = 1
  ${EACH_DATABASE}
  if anew then each(function() redis.call('FLUSHDB', 'SYNC') end) end
  while at <= #records do
    local db, expires, length, size, _, from = struct.unpack('${HEADER.format}', records, at)
    local name, value = string.sub(records, from, from + length - 1), string.sub(records, from + length, from + length + size - 1)
    if db ~= selected then redis.call('SELECT', db) end
    selected, at = db, from + length + size
    if anew and expires < 0 then
      redis.call('RESTORE', name, '0', value)
    elseif anew or redis.call('DUMP', name) ~= value or redis.call('PEXPIRETIME', name) ~= expires then
      local untilTime = expires < 0 and '0' or string.format('%.0f', expires)
      redis.call('RESTORE', name, untilTime, value, 'REPLACE', 'ABSTTL')
    end
    if not anew then kept[db .. ':' .. name] = true end
  end
  if not anew then
    each(function(db)
      for _, name in ipairs(all and redis.call('KEYS', '*') or written) do
        if not kept[db .. ':' .. name] then redis.call('UNLINK', name) end
      end
    end)
  end`;

/** Copies all keys of the first of some databases to others, which hold nothing else then. */
const COPY = `#!lua flags=allow-oom
  local first, last, offset = 0, tonumber(ARGV[1]) - 1, tonumber(ARGV[2])
  ${EACH_DATABASE}
  for db = first, last do redis.call('SELECT', offset + db) redis.call('FLUSHDB', 'SYNC') end
  each(function(db)
    for _, name in ipairs(redis.call('KEYS', '*')) do redis.call('COPY', name, name, 'DB', offset + db) end
  end)`;

/** Logical databases, both included: of a parallel worker, or all. */
export interface Databases {
  readonly first: number;
  readonly last: number;
  /** Other workers have others, and are told of what is written here. */
  readonly shared: boolean;
}

/** The keys of some databases. */
export interface Keys {
  /** One after the other. */
  readonly records: Buffer;
  /** The same by name, a character for each byte: a name may be there in several databases. */
  readonly byName: ReadonlyMap<string, readonly Buffer[]>;
  /** The names of streams. */
  readonly streams: readonly string[];
}

export async function readKeys(connection: RedisConnection, { first, last }: Databases): Promise<Keys> {
  const { changes } = connection;
  changes.untold = await untoldCommands(connection);
  Object.assign(changes, { names: new Set(), all: false });
  return keysOf(await connection.command<Buffer>("EVAL", DUMP_ALL, "0", String(first), String(last)));
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
export async function restoreKeys(
  connection: RedisConnection,
  { records, byName, streams }: Keys,
  { first, last, shared }: Databases,
): Promise<void> {
  const { changes } = connection;
  const untold = await untoldCommands(connection);
  const called = [...new Set([...untold.keys(), ...changes.untold.keys()])].filter(
    (line) => untold.get(line) !== changes.untold.get(line),
  );
  // Of streams only what is added and removed is told, nothing about their groups.
  if (called.some((line) => line.startsWith("x"))) for (const name of streams) changes.names.add(name);
  const count = changes.names.size;
  const isMost = count >= MANY_NAMES && !shared && 2 * count > byName.size;
  const all = changes.all || isMost || called.some((line) => !line.startsWith("x"));
  const names = [...changes.names];
  // Whatever is told from now on is for the next time. That is what this writes, too: had others written the same key at the
  // same moment, the server would tell of it but once.
  Object.assign(changes, { names: new Set(), all: false, untold });
  try {
    const where = [String(first), String(last), shared ? "shared" : "alone"];
    // It would be told of its own FLUSHDB.
    if (all) await connection.transaction([STOP_TRACKING, ["EVAL", RESTORE, "0", records, ...where], START_TRACKING]);
    else if (names.length > 0) {
      const found = Buffer.concat(names.flatMap((name) => byName.get(name) ?? []));
      await connection.command("EVAL", RESTORE, "0", found, ...where, packed(names));
    }
  } catch (error) {
    changes.all = true;
    throw error;
  }
}

/** Names, each after its length. An argument each would take longer than all else. */
function packed(names: readonly string[]): Buffer {
  const all = Buffer.allocUnsafe(names.reduce((bytes, name) => bytes + 4 + name.length, 0));
  let at = 0;
  for (const name of names) at += all.write(name, all.writeUInt32LE(name.length, at), "latin1") + 4;
  return all;
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

/** Gives other workers copies of the first one's databases. @throws Error when the server has too few */
export async function copyKeys(connection: RedisConnection, suffixes: readonly string[]): Promise<void> {
  const { databases } = await connection.command<{ databases: Buffer }>("CONFIG", "GET", "databases");
  const workers = suffixes.length + 1;
  const needed = workers * DATABASES_EACH;
  if (Number(databases) < needed)
    throw new Error(
      `expected ${needed} logical databases for ${workers} workers, found ${String(databases)}: --databases ${needed}`,
    );
  for (const suffix of suffixes)
    await connection.command("EVAL", COPY, "0", String(DATABASES_EACH), String(firstDatabase(suffix)));
}
