import { RedisContainer } from "@testcontainers/redis";
import { ValkeyContainer } from "@testcontainers/valkey";
import { expect } from "chai";
import fc from "fast-check";
import { defineStack, requireEngine, useStack } from "stackspec";
import { GenericContainer } from "testcontainers";
import { insideOf, useRunning } from "../integration/engine.ts";
import { PASSWORD, connectTo, contentOf } from "./redis.ts";
import type { RedisClient } from "./redis.ts";

const LIBRARY = "#!lua name=mine\nredis.register_function('answer', function() return 42 end)";

/** What the tasks leave: each command's words. */
const SEED: readonly (readonly (string | number)[])[] = [
  ["SET", "text", "as the task left it"],
  ["SET", "forgotten", "in an hour", "EX", 3600],
  ["SET", "gone", "in a moment", "PX", 3000],
  ["HSET", "hash", "name", "Ada", "token", "secret"],
  ["HEXPIRE", "hash", 3600, "FIELDS", 1, "token"],
  ["RPUSH", "list", "a", "b", "c"],
  ["SADD", "set", "a", "b", "c"],
  ["ZADD", "zset", 1, "a", 2.5, "b"],
  ["PFADD", "hll", "a", "b", "c"],
  ["SETBIT", "bitmap", 77, 1],
  ["GEOADD", "geo", 13.4, 52.5, "Berlin"],
  ["XADD", "stream", "1-1", "title", "one"],
  ["XADD", "stream", "2-1", "title", "two"],
  ["XGROUP", "CREATE", "stream", "workers", 0],
  ["XREADGROUP", "GROUP", "workers", "first", "COUNT", 1, "STREAMS", "stream", ">"],
  ["FUNCTION", "LOAD", LIBRARY],
  ["ACL", "SETUSER", "app", "on", ">app", "~app:*", "+@read", "(~open:* +set)"],
  ["CONFIG", "SET", "maxmemory", "16mb", "maxmemory-policy", "noeviction", "notify-keyspace-events", "Kx"],
  ["SELECT", 3],
  ["SET", "text", "in another database"],
];

/** A change of each kind of key that its commands can make. */
const CHANGES: Readonly<Record<string, readonly (string | number)[]>> = {
  "a string": ["SET", "text", "changed"],
  "a removed key": ["DEL", "text"],
  "a renamed key": ["RENAME", "text", "other"],
  "a key that another type took the place of": ["EVAL", "redis.call('DEL', 'list') redis.call('SET', 'list', 1)", 0],
  "when a key expires": ["PERSIST", "forgotten"],
  "a hash": ["HSET", "hash", "name", "Eve", "added", 1],
  "when a field of a hash expires": ["HPERSIST", "hash", "FIELDS", 1, "token"],
  "a list": ["LPOP", "list"],
  "a set": ["SMOVE", "set", "elsewhere", "a"],
  "a sorted set": ["ZINCRBY", "zset", 3, "a"],
  "a hyperloglog": ["PFADD", "hll", "d", "e", "f", "g"],
  "a bitmap": ["SETBIT", "bitmap", 3, 1],
  "a geospatial index": ["GEOADD", "geo", 9.9, 53.5, "Hamburg"],
  "a stream": ["XADD", "stream", "3-1", "title", "three"],
  "what is pending in a stream's group": ["XACK", "stream", "workers", "1-1"],
  "what a stream's group has read": ["XREADGROUP", "GROUP", "workers", "second", "STREAMS", "stream", ">"],
  "who owns what is pending": ["XCLAIM", "stream", "workers", "second", 0, "1-1"],
  "a stream's groups": ["XGROUP", "DESTROY", "stream", "workers"],
  "databases that were emptied": ["FLUSHALL"],
  "databases that were exchanged": ["SWAPDB", 0, 3],
  "a key that was moved to another database": ["MOVE", "list", 2],
};

describe("a reset of Redis and Valkey", function () {
  this.timeout(60_000);
  requireEngine();

  const stack = useStack(
    defineStack("reset-redis", ({ service, task }) => {
      const redis = service("redis", ({ image }) => new RedisContainer(image).withPassword(PASSWORD), {
        image: "redis:8",
      });
      const valkey = service("valkey", ({ image }) => new ValkeyContainer(image).withPassword(PASSWORD), {
        image: "valkey/valkey:9",
      });
      task("seed", async ({ started }) => {
        for (const server of [await started(redis), await started(valkey)]) {
          const client = await connectTo(server);
          for (const command of SEED) await client.ask(...command);
          client.close();
        }
        return undefined;
      });
      return { redis, valkey };
    }),
    { scope: "suite" },
  );

  for (const kind of ["redis", "valkey"] as const)
    describe(`of ${kind}`, () => {
      let app: RedisClient;
      let content: Record<string, unknown>;
      const ask: RedisClient["ask"] = (...command) => app.ask(...command);

      before("an application is connected", async () => {
        app = await connectTo(stack[kind]);
      });
      after("it is no longer", () => app?.close());
      beforeEach("everything is as the task left it", async () => {
        await stack.reset();
        content = await contentNow();
      });

      /** All that does not go away by itself. */
      const contentNow = async (): Promise<Record<string, unknown>> => {
        const all = await contentOf(app);
        delete all["0 gone"];
        return all;
      };
      const isAsBefore = async (): Promise<void> => {
        expect(await contentNow()).to.deep.equal(content);
      };

      for (const [what, change] of Object.entries(CHANGES))
        it(`brings back ${what}`, async () => {
          await ask(...change);
          expect(await contentNow()).not.to.deep.equal(content);
          await stack.reset();
          await isAsBefore();
        });

      it("removes added keys from every database", async () => {
        for (const db of [0, 2, 9]) {
          await ask("SELECT", db);
          await ask("SET", "added", 1);
        }
        await stack.reset();
        await expect(ask("INFO", "keyspace")).not.to.eventually.match(/^db[29]:/m);
        await ask("SELECT", 0);
        await isAsBefore();
      });

      for (const [what, script] of Object.entries({
        "a thousand keys that were added": "for i = 1, 1000 do redis.call('SET', 'added:' .. i, i) end",
        "a thousand that expire, and others that were removed":
          "redis.call('DEL', 'hash', 'list') for i = 1, 1000 do redis.call('SET', 'added:' .. i, i, 'EX', 99) end",
      }))
        it(`brings back everything after ${what}`, async () => {
          await ask("EVAL", script, 0);
          await stack.reset();
          await isAsBefore();
          await ask("SET", "text", "changed");
          await stack.reset();
          await isAsBefore();
        });

      it("brings back names that are no text", async () => {
        await ask("EVAL", "redis.call('SET', '\\255\\0\\r\\n', 1)", 0);
        await stack.reset();
        await isAsBefore();
      });

      it("leaves a key away whose time is over", async () => {
        while ((await ask("EXISTS", "gone")) === 1);
        await ask("FLUSHALL");
        await stack.reset();
        await expect(ask("EXISTS", "gone", "text")).to.eventually.equal(1);
      });

      it("brings back functions", async () => {
        await ask("FUNCTION", "LOAD", "REPLACE", LIBRARY.replace("42", "43"));
        await ask("FUNCTION", "LOAD", LIBRARY.replace("mine", "other").replace("answer", "ask"));
        await stack.reset();
        await expect(ask("FCALL", "answer", 0)).to.eventually.equal(42);
        await expect(ask("FUNCTION", "LIST")).to.eventually.have.lengthOf(1);
      });

      it("brings back users that were changed, added and removed", async () => {
        const users = await ask("ACL", "LIST");
        await ask("ACL", "SETUSER", "app", "+set");
        await ask("ACL", "SETUSER", "other", "on");
        await ask("ACL", "SETUSER", "default", "-flushall");
        await stack.reset();
        await expect(ask("ACL", "LIST")).to.eventually.deep.equal(users);
        await ask("ACL", "DELUSER", "app");
        await stack.reset();
        await expect(ask("ACL", "LIST")).to.eventually.deep.equal(users);
      });

      it("brings back the password that it was declared with", async () => {
        await ask("CONFIG", "SET", "requirepass", "another");
        await stack.reset();
        (await connectTo(stack[kind])).close();
        await expect(ask("CONFIG", "GET", "requirepass")).to.eventually.deep.equal(["requirepass", PASSWORD]);
      });

      it("brings back what CONFIG SET has set", async () => {
        const config = await ask("CONFIG", "GET", "*");
        await ask("CONFIG", "SET", "maxmemory", "32mb", "maxmemory-policy", "allkeys-lru", "save", "60 1");
        await ask("CONFIG", "SET", "list-max-listpack-size", 1, "notify-keyspace-events", "");
        await stack.reset();
        await expect(ask("CONFIG", "GET", "*")).to.eventually.deep.equal(config);
      });

      it("brings back a server that has no memory left", async () => {
        await ask("DEL", "text");
        await ask("SETBIT", "large", 2 ** 28, 1);
        await expect(ask("SET", "more", 1)).to.be.rejectedWith("OOM");
        await stack.reset();
        await isAsBefore();
      });

      it("leaves the connections of the application open", async () => {
        const id = await ask("CLIENT", "ID");
        await ask("FLUSHALL");
        await stack.reset();
        await expect(ask("CLIENT", "ID")).to.eventually.equal(id);
      });

      it("lets those who wait for a stream's next entry wait on", async () => {
        const worker = await connectTo(stack[kind]);
        const id = await worker.ask<number>("CLIENT", "ID");
        await worker.ask("XREADGROUP", "GROUP", "workers", "second", "STREAMS", "stream", ">");
        const next = worker.ask("XREADGROUP", "GROUP", "workers", "second", "BLOCK", 0, "STREAMS", "stream", ">");
        while (!(await ask<string>("CLIENT", "LIST", "ID", id)).includes(" flags=b "));
        await stack.reset();
        // Of the group as it was, "two" is the next.
        await expect(next).to.eventually.deep.equal([["stream", [["2-1", ["title", "two"]]]]]);
        worker.close();
        await stack.reset();
        await isAsBefore();
      });

      it("brings back what was written after its own connection was cut", async () => {
        await ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await ask("CONFIG", "RESETSTAT");
        await ask("SET", "text", "changed");
        await ask("SET", "added", 1);
        await stack.reset();
        await isAsBefore();
      });

      /** How often the server has been asked for the value of a key as a whole. */
      const dumps = async (): Promise<number> =>
        Number(/^cmdstat_dump:calls=(\d+)/m.exec(await ask<string>("INFO", "commandstats"))?.[1] ?? 0);

      it("reads no key when nothing has been written", async () => {
        await stack.reset();
        const dumped = await dumps();
        await ask("GET", "text");
        await stack.reset();
        await expect(dumps()).to.eventually.equal(dumped);
      });

      it("reads but the keys that have been written", async () => {
        await stack.reset();
        const dumped = await dumps();
        await ask("APPEND", "list-of-mine", "x");
        await ask("RPUSH", "list", "x");
        await stack.reset();
        await expect(dumps()).to.eventually.equal(dumped + 1);
      });

      it("reads no key for what it has brought back itself, once that is known to be right", async () => {
        await ask("RPUSH", "list", "x");
        await stack.reset();
        await stack.reset();
        const dumped = await dumps();
        await stack.reset();
        await expect(dumps()).to.eventually.equal(dumped);
      });

      it("brings back what was written while the reset before it was at work", async () => {
        for (let round = 0; round < 10; round += 1) {
          const end = new AbortController();
          const worker = (async () => {
            while (!end.signal.aborted) await Promise.all(Array.from({ length: 20 }, () => ask("APPEND", "text", "x")));
          })();
          await stack.reset();
          await stack.reset();
          end.abort();
          await worker;
          await stack.reset();
          await isAsBefore();
        }
      });

      it("brings back everything after any commands", async () => {
        const names = [
          "text",
          "hash",
          "list",
          "set",
          "zset",
          "hll",
          "bitmap",
          "geo",
          "stream",
          "forgotten",
          "new",
          "é\n",
        ];
        const name = fc.constantFrom(...names);
        const word = fc.constantFrom("a", "b", "name", "token", "7", "x".repeat(200));
        const id = fc.constantFrom("1-1", "2-1", "9-9");
        const words = (...parts: (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string[]> =>
          fc.tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)));
        const command = fc.oneof(
          words("SET", name, word),
          words("SET", name, word, "PX", "1"),
          words("APPEND", name, word),
          words("DEL", name),
          words("RENAME", name, name),
          words("COPY", name, name, "DB", "2", "REPLACE"),
          words("MOVE", name, "1"),
          words("EXPIRE", name, "99"),
          words("PERSIST", name),
          words("HSET", name, word, word),
          words("HPEXPIRE", name, "1", "FIELDS", "1", word),
          words("HDEL", name, word),
          words("LPUSH", name, word),
          words("LMOVE", name, name, "LEFT", "RIGHT"),
          words("SADD", name, word),
          words("SPOP", name),
          words("SUNIONSTORE", name, name, name),
          words("ZADD", name, "5", word),
          words("ZPOPMAX", name),
          words("PFADD", name, word),
          words("PFCOUNT", name),
          words("PFMERGE", name, name),
          words("SETBIT", name, "9", "1"),
          words("GEOADD", name, "1", "2", word),
          words("XADD", name, "*", word, word),
          words("XDEL", name, id),
          words("XTRIM", name, "MAXLEN", "1"),
          words("XSETID", name, "99-99"),
          words("XGROUP", "CREATE", name, word, "0", "MKSTREAM"),
          words("XGROUP", "CREATECONSUMER", name, "workers", word),
          words("XGROUP", "DELCONSUMER", name, "workers", "first"),
          words("XGROUP", "SETID", name, "workers", "0"),
          words("XREADGROUP", "GROUP", "workers", word, "STREAMS", name, ">"),
          words("XCLAIM", name, "workers", word, "0", id),
          words("XAUTOCLAIM", name, "workers", word, "0", "0"),
          words("XACK", name, "workers", id),
          words("EVAL", "return redis.call('SET', KEYS[1], 'by a script')", "1", name),
          words("SWAPDB", "0", "3"),
          words("FLUSHDB"),
          words("FLUSHALL"),
          words("FUNCTION", "FLUSH"),
          words("CONFIG", "SET", "hash-max-listpack-entries", "0"),
          words("SELECT", fc.constantFrom("0", "1", "3")),
        );
        await fc.assert(
          fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 8 }), async (commands) => {
            // What does not fit the type of a key is refused.
            await Promise.all(commands.map((each) => ask(...each).catch(() => undefined)));
            await stack.reset();
            await isAsBefore();
          }),
          { numRuns: 60 },
        );
      });
    });
});

describe("a reset of a Redis server that Testcontainers has no word for", function () {
  this.timeout(60_000);
  requireEngine();

  const image = "redis:8";
  const file = (content: string) => [{ content, target: "/etc/cache.conf" }];
  const running = useRunning(
    defineStack("reset-redis-generic", ({ service }) => {
      const declare = (name: string, change: (container: GenericContainer) => GenericContainer) =>
        service(name, (given) => change(new GenericContainer(given.image)).withExposedPorts(6379), { image });
      return {
        open: declare("open", (container) => container),
        flag: declare("flag", (container) => container.withCommand(["--requirepass", PASSWORD])),
        shell: declare("shell", (container) =>
          container
            .withEnvironment({ CACHE_PASSWORD: PASSWORD })
            .withCommand(["sh", "-c", 'exec redis-server --protected-mode no --requirepass "$CACHE_PASSWORD"']),
        ),
        file: declare("file", (container) =>
          container
            .withCopyContentToContainer(file(`# requirepass foobared\nappendonly yes\nrequirepass "${PASSWORD}"\n`))
            .withCommand(["redis-server", "/etc/cache.conf"]),
        ),
        restricted: declare("restricted", (container) =>
          container.withCommand(["--user", "default", "on", "nopass", "~app:*", "+@all"]),
        ),
        unknown: declare("unknown", (container) =>
          container.withCommand(["--user", "default", "on", `#${"0".repeat(64)}`, "~*", "+@all"]),
        ),
      };
    }),
  );

  for (const [what, name] of [
    ["has no password", "open"],
    ["has its password after a flag", "flag"],
    ["has its password from a shell's variable", "shell"],
    ["has its password in a configuration file", "file"],
  ] as const)
    it(`is done for one that ${what}`, async () => {
      const app = await connectTo(running().values[name], name === "open" ? "" : PASSWORD);
      await app.ask("SET", "added", 1);
      await app.ask("FUNCTION", "LOAD", LIBRARY);
      await running().reset();
      await expect(app.ask("EXISTS", "added")).to.eventually.equal(0);
      await expect(app.ask("FUNCTION", "LIST")).to.eventually.deep.equal([]);
      app.close();
    });

  const whyNot = (name: string): string => insideOf(running()).unreset.find((line) => line.startsWith(name)) ?? "";

  it("is not done where nothing says the password, which is said with what was expected", () => {
    expect(whyNot("unknown"))
      .to.match(/^unknown keeps its data between spec files: expected the password of its user "default"/)
      .and.include("--requirepass")
      .and.include("NOAUTH");
  });

  it("is not done where the user may not do everything, which is said with what was expected", () => {
    expect(whyNot("restricted")).to.equal(
      'restricted keeps its data between spec files: expected its user "default" to have all rights: ~* +@all',
    );
  });

  it("is not said to be missing where it is done", () => {
    expect(insideOf(running()).unreset).to.have.lengthOf(2);
  });
});
