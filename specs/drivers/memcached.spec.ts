import { expect } from "chai";
import { defineStack, requireEngine, startStack } from "stackspec";
import { defineDriver } from "stackspec/drivers";
import { GenericContainer } from "testcontainers";
import { failureOf, insideOf, shell, useRunning } from "../integration/engine.ts";
import { memcached, tell } from "./memcached.ts";

const image = "memcached:1.6";

describe("a service whose driver is the project's own", function () {
  this.timeout(120_000);
  requireEngine();
  const running = useRunning(
    defineStack("memcached", ({ service }) => ({
      cache: service("cache", (given) => new GenericContainer(given.image), { image, driver: memcached }),
    })),
  );
  const ask = (command: string): Promise<string> => {
    const { cache } = running().values;
    return tell({ host: cache.getHost(), port: cache.getMappedPort(11211) }, command);
  };

  it("answers when the stack is ready, at a port that nobody has exposed", async () => {
    await expect(ask("version")).to.eventually.match(/^VERSION 1\.6\./);
  });

  it("is reset as its driver says", async () => {
    await expect(ask("set note 0 0 5\r\nhello")).to.eventually.equal("STORED\r\n");
    await running().reset();
    await expect(ask("get note")).to.eventually.equal("END\r\n");
  });

  it("has nothing said of it: it is reset, and of a version that its driver was tested with", () => {
    const { unreset, notices } = insideOf(running());
    expect({ unreset, notices }).to.deep.equal({ unreset: [], notices: [] });
  });

  it("is said to be of a version that its driver was not tested with, when it is", async () => {
    const driver = defineDriver({ ...memcached, tested: ["1.4", "1.5"] });
    const untested = await startStack(
      defineStack("memcached-untested", ({ service }) => {
        service("cache", (given) => new GenericContainer(given.image), { image, driver });
        return {};
      }),
    );
    const { notices } = insideOf(untested);
    await untested.stop();
    expect(notices).to.have.lengthOf(1);
    expect(notices[0]).to.match(/^cache runs memcached 1\.6\.\d+, and its driver was tested with 1\.4, 1\.5$/);
  });

  it("fails the start when its driver cannot note what a task has left, in the driver's words", async () => {
    const seeded = defineStack("memcached-seeded", ({ service, task }) => {
      const cache = service("cache", (given) => new GenericContainer(given.image), { image, driver: memcached });
      const seed = `exec bash -c 'exec 3<>/dev/tcp/cache/11211; printf "set note 0 0 5\\r\\nhello\\r\\n" >&3; head -1 <&3'`;
      task("seed", (given) => shell(given.image, seed), { image, after: [cache] });
      return {};
    });
    const { sentence } = await failureOf(startStack(seeded));
    expect(sentence).to.match(/^RESET_FAILED: cache: .*expected an empty cache, got one with 1 items/);
  });
});
