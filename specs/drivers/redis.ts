import { createClient } from "redis";
import type { StartedTestContainer } from "testcontainers";

/** A server's password, in every stack of these specs. */
export const PASSWORD = "of-the-declaration";

/** A connection to a server as an application has one. What it gets are texts, as RESP2 has them. */
export interface RedisClient {
  ask<T>(...command: (string | number)[]): Promise<T>;
  close(): void;
}

export async function connectTo(server: StartedTestContainer, password = PASSWORD): Promise<RedisClient> {
  const client = createClient({
    url: `redis://${server.getHost()}:${server.getMappedPort(6379)}`,
    ...(password !== "" && { password }),
    RESP: 2,
  });
  client.on("error", () => {}); // The command that it is noticed by fails.
  await client.connect();
  return {
    ask: <T>(...command: (string | number)[]) => client.sendCommand<T>(command.map(String)),
    close: () => client.destroy(),
  };
}

/** All that four databases of a server hold, from `first` on, read by the commands of each type. */
export async function contentOf({ ask }: RedisClient, first = 0): Promise<Record<string, unknown>> {
  const content: Record<string, unknown> = {};
  for (const db of [0, 1, 2, 3]) {
    await ask("SELECT", first + db);
    for (const name of await ask<string[]>("KEYS", "*")) {
      const [type, expires] = await Promise.all([ask<string>("TYPE", name), ask("PEXPIRETIME", name)]);
      content[`${db} ${name}`] = [type, expires, await valueOf(ask, type, name)];
    }
  }
  await ask("SELECT", 0);
  return content;
}

async function valueOf(ask: RedisClient["ask"], type: string, name: string): Promise<unknown> {
  switch (type) {
    case "string":
      // A bitmap, and what PFADD makes, are no text.
      return ask("EVAL", "return redis.sha1hex(redis.call('GET', KEYS[1]))", 1, name);
    case "hash": {
      const fields = (await ask<string[]>("HKEYS", name)).toSorted();
      const count = fields.length;
      return [fields, await ask("HMGET", name, ...fields), await ask("HPEXPIRETIME", name, "FIELDS", count, ...fields)];
    }
    case "list":
      return ask("LRANGE", name, 0, -1);
    case "set":
      return (await ask<string[]>("SMEMBERS", name)).toSorted();
    case "zset":
      return ask("ZRANGE", name, 0, -1, "WITHSCORES");
    default:
      return streamOf(ask, name);
  }
}

/** A stream without how it is stored; of a consumer neither when it was seen. */
async function streamOf(ask: RedisClient["ask"], name: string): Promise<unknown> {
  const { groups, ...stream } = named(await ask<unknown[]>("XINFO", "STREAM", name, "FULL", "COUNT", 0));
  for (const field of Object.keys(stream)) if (field.startsWith("radix-tree")) delete stream[field];
  const itsGroups = (groups as unknown[][]).map((group) => {
    const { consumers, ...rest } = named(group);
    const itsConsumers = (consumers as unknown[][]).map((consumer) => {
      const { name: consumerName, pel } = named(consumer);
      return [consumerName, pel];
    });
    return { ...rest, consumers: itsConsumers };
  });
  return { ...stream, groups: itsGroups };
}

function named(pairs: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.flatMap((name, at) => (at % 2 === 0 ? [[String(name), pairs[at + 1]] as const] : [])),
  );
}
