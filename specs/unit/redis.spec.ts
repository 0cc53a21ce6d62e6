import { registerHooks } from "node:module";
import { expect } from "chai";
import { redis } from "../../src/engine/drivers/redis/redis.ts";
import type { ServiceAddress } from "../../src/stack/driver.ts";

/** Nobody listens on this port. */
const ADDRESS: ServiceAddress = {
  host: "127.0.0.1",
  port: 1,
  environment: {},
  command: [],
  suffix: "",
  shared: false,
  exec: async () => ({ exitCode: 0, output: "" }),
};
const connect = async (address: Partial<ServiceAddress> = {}) => redis.connect({ ...ADDRESS, ...address });

describe("the Redis driver", () => {
  it("says that it found no Redis server", async () => {
    await expect(connect()).to.be.rejectedWith(/^expected Redis's protocol on its port, got: .*ECONNREFUSED/);
  });

  it("names its client's package where that is missing", async () => {
    const hooks = registerHooks({
      resolve(specifier, context, next) {
        if (specifier === "redis") throw new Error("Cannot find package 'redis'");
        return next(specifier, context);
      },
    });
    try {
      await expect(connect()).to.be.rejectedWith("expected the package redis, add it: npm i -D redis");
    } finally {
      hooks.deregister();
    }
  });
});
