import type { KnownDriver, Prompt, ServiceAddress } from "../../../stack/driver.ts";
import { openConnection } from "./redis-connection.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { copyKeys } from "./redis-keys.ts";
import { passwordOf } from "./redis-password.ts";
import { askRedis } from "./redis-ready.ts";
import { readBaseline, resetRedis, restoreSettings, takeRedisBaseline } from "./redis-reset.ts";
import type { RedisBaseline } from "./redis-reset.ts";

/** Redis. What its tasks have left is told by its RDB file, which it writes when it stops. */
export const redis: KnownDriver = {
  title: "Redis",
  modules: ["RedisContainer"],
  images: ["redis"],
  program: "redis-server",
  port: 6379,
  data: { path: "/data", setPasswords: "" },
  // No command need survive a power failure: nothing is written while it runs, its one save point is a year away. Without any
  // it would write none at its end either, and a snapshot is made of what a server has written that was stopped.
  flags: ["--save", "", "--save", "31536000 1", "--appendonly", "no"],
  client: { name: "redis", from: "6.3.0", toAsk: false },
  tested: ["8"],
  ask: askRedis,
  checkpoints: true,
  prompt: (address) => promptOf("redis-cli", address),
  async share(address, suffixes) {
    const connection = await openConnection({ ...address, password: await passwordOf(address) });
    try {
      await copyKeys(connection, suffixes);
    } finally {
      connection.close();
    }
  },
  // Sixteen for each of sixty-four workers. An empty one takes some bytes.
  flagsToShare: ["--databases", "1024"],
  async flush(address) {
    const save =
      'export REDISCLI_AUTH="$1"; if command -v valkey-cli >&2; then valkey-cli SAVE; else redis-cli SAVE; fi';
    const { output } = await address.exec(["sh", "-c", save, "sh", await passwordOf(address)]);
    if (!/^OK$/m.test(output)) throw new Error(`it does not save its keys: ${output.trim()}`);
  },
  async connect(address) {
    const password = await passwordOf(address);
    const connect = (): Promise<RedisConnection> => openConnection({ ...address, password });
    // What keeps it from being reset is known before the first spec.
    let connection: RedisConnection | undefined = await connect();
    const users = await connection.command<Buffer[]>("ACL", "LIST");
    if (!users.some((user) => /^user default on .*~\* .*\+@all(?!.* -)/.test(user.toString()))) {
      connection.close();
      throw new Error('expected its user "default" to have all rights: ~* +@all');
    }
    let baseline: RedisBaseline | undefined;
    const open = async (): Promise<RedisConnection> => {
      if (connection?.isOpen !== true) connection = await connect();
      return connection;
    };
    return {
      async takeBaseline() {
        baseline = await takeRedisBaseline(await open(), address);
      },
      async afterRestore() {
        baseline = await readBaseline(await open(), address);
        // An RDB file has no users, and nothing that CONFIG SET has set.
        if (baseline !== undefined) await restoreSettings(await open(), baseline, password);
        // The run that made the snapshot did not reset it, and so noted nothing.
        else baseline = await takeRedisBaseline(await open(), address);
      },
      async reset() {
        baseline ??= await readBaseline(await open(), address);
        if (baseline === undefined) throw new Error("what it held is noted nowhere");
        await resetRedis(await open(), baseline, password, address);
      },
      async version() {
        const info = String(await (await open()).command("INFO", "server"));
        const versions = new Map(
          [...info.matchAll(/^(\w+)_version:(\S+)/gm)].map(([, name, version]) => [name, version!]),
        );
        // Valkey says too which Redis it stands for.
        return versions.get("valkey") ?? versions.get("redis") ?? "unknown";
      },
      async close() {
        connection?.close();
        connection = undefined;
      },
    };
  },
};

/** Valkey: Redis under names of its own. */
export const valkey: KnownDriver = {
  ...redis,
  title: "Valkey",
  modules: ["ValkeyContainer"],
  images: ["valkey"],
  prompt: (address) => promptOf("valkey-cli", address),
  tested: ["9"],
  program: "valkey-server",
};

async function promptOf(client: string, address: ServiceAddress): Promise<Prompt> {
  const password = await passwordOf(address);
  return { command: [client], environment: password === "" ? {} : { REDISCLI_AUTH: password } };
}
