import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { expect } from "chai";
import { defineStack, startStack } from "stackspec";
import type { ServiceOptions } from "stackspec";
import { externalService } from "../../src/engine/plan/external.ts";
import { addressAt, addressWithin, endpointOf, portsOf } from "../../src/stack/external.ts";
import type { Service } from "../../src/stack/stack.ts";

const URL_WITHIN = "postgres://shop:word@db:5432/shop";
const never = (): never => {
  throw new Error("it was started");
};

/** A service with these options. */
function declared(options: Pick<ServiceOptions, "image" | "url" | "external" | "http">): Service {
  let service: Service | undefined;
  defineStack("shop", (stack) => {
    service = stack.service("db", never, options);
    return {};
  });
  return service!;
}

describe("an external service", () => {
  let server: Server;
  let external: string;
  before("something listens", async () => {
    server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    external = `redis://user:word@127.0.0.1:${(server.address() as AddressInfo).port}/0`;
  });
  after(() => server.close());

  it("takes the place of the container: its factory is not called, and specs get its address", async () => {
    const running = await startStack(
      defineStack("external", (stack) => ({
        db: stack.service("db", never, { image: "postgres:18", url: URL_WITHIN, external }),
      })),
    );
    try {
      expect(running.values.db.url).to.equal(external);
      expect(running.images).to.deep.equal([]);
    } finally {
      await running.stop();
    }
  });

  it("is waited for until it accepts connections", async () => {
    const late = createServer().listen(0, "127.0.0.1");
    await once(late, "listening");
    const { port } = late.address() as AddressInfo;
    await new Promise((resolve) => late.close(resolve));
    const service = declared({ url: URL_WITHIN, external: `redis://127.0.0.1:${port}` });
    const starting = externalService(service, new AbortController().signal).start();
    // This one has been tried later.
    await once(connect(port, "127.0.0.1"), "error");
    late.listen(port, "127.0.0.1");
    await starting;
    late.close();
  });

  it("speaks HTTP when it is declared to", async () => {
    const running = await startStack(
      defineStack("external-http", (stack) => ({
        web: stack.service("web", never, {
          url: "http://web:8000",
          external: external.replace(/.*@/, "http://").replace("/0", ""),
          http: { port: 8000 },
        }),
      })),
    );
    expect(running.values.web.http.url).to.equal(running.values.web.url);
    await running.stop();
  });

  for (const nothing of [undefined, ""])
    it(`is none when its address is ${JSON.stringify(nothing)}`, () => {
      const options = { image: "postgres:18", url: URL_WITHIN, external: nothing };
      expect(declared(options).options).to.deep.equal({ image: "postgres:18", url: URL_WITHIN });
    });

  it("is refused without an address on the stack's network", () => {
    expect(() => declared({ external })).to.throw(/^USAGE: stack "shop", service "db": expected an option url beside/);
  });

  it("is refused with what is no address, which is not repeated: it may hold a password", () => {
    for (const bad of ["secret", "postgres:secret", "foo://secret@db/x"])
      expect(() => declared({ url: URL_WITHIN, external: bad }))
        .to.throw(/^USAGE: .*expected in external an address such as/)
        .with.property("message")
        .that.does.not.include(bad);
  });
});

describe("the address of a service", () => {
  it("is the declared one for others in the stack", () => {
    expect(addressWithin(declared({ url: URL_WITHIN }))).to.deep.equal({ url: URL_WITHIN, onHost: false });
  });

  for (const host of ["localhost", "127.0.0.1", "[::1]"])
    it(`is that of the machine for one that is external, on ${host}`, () => {
      const service = declared({ url: URL_WITHIN, external: `postgres://u:p@${host}:5433/x` });
      expect(addressWithin(service)).to.deep.equal({
        url: "postgres://u:p@host.docker.internal:5433/x",
        onHost: true,
      });
    });

  for (const host of ["localhost.example", "my-localhost", "127.0.0.1.example", "at127.0.0.1"])
    it(`is the external one on ${host}, which is another machine`, () => {
      const external = `postgres://u:p@${host}:5433/x`;
      expect(addressWithin(declared({ url: URL_WITHIN, external }))).to.deep.equal({ url: external, onHost: false });
    });

  it("is the external one elsewhere", () => {
    const service = declared({ url: URL_WITHIN, external: "redis://cache.example" });
    expect(addressWithin(service)).to.deep.equal({ url: "redis://cache.example", onHost: false });
  });

  it("is refused to a factory that asks for one that is not declared", () => {
    expect(() => addressWithin(declared({}))).to.throw(/^USAGE: service "db": expected an option url/);
  });

  it("has the usual port of its kind when it names none", () => {
    expect(endpointOf("redis://[::1]/0")).to.deep.equal({ host: "::1", port: 6379 });
    expect(endpointOf("http://web")).to.deep.equal({ host: "web", port: 80 });
    expect(endpointOf("http://[fe80::1]:8080")).to.deep.equal({ host: "fe80::1", port: 8080 });
  });

  it("moves to the host and port that this machine reaches it by", () => {
    expect(addressAt(URL_WITHIN, "localhost", 32_768)).to.equal("postgres://shop:word@localhost:32768/shop");
  });

  it("may have the port 1", () => {
    expect(declared({ url: "http://web:1" }).options.url).to.equal("http://web:1");
  });

  it("is refused where it is none, by the name of its option", () => {
    expect(() => declared({ url: "db:5432" })).to.throw("expected in url an address such as postgres://");
  });

  it("is with what comes before, profiles, reset and HTTP all that counts of one that is external", () => {
    const { nodes } = defineStack("shop", (stack) => {
      const first = stack.service("first", never, { profiles: ["full"] });
      const reset = async (): Promise<void> => {};
      const counted = {
        url: URL_WITHIN,
        external: "postgres://h:1/x",
        after: [first],
        profiles: ["full"],
        reset,
        http: { port: 1 },
      };
      stack.service("db", never, { ...counted, data: "/data", image: "db:1" });
      stack.service("bare", never, { url: URL_WITHIN, external: "postgres://h:1/x", data: "/data" });
      return {};
    });
    expect(nodes.map(({ options }) => Object.keys(options))).to.deep.equal([
      ["profiles"],
      ["external", "url", "after", "profiles", "reset", "http"],
      ["external", "url"],
    ]);
  });

  it("is none of a task: it publishes no port", () => {
    const { nodes } = defineStack("shop", (stack) => {
      stack.task("seed", never);
      return {};
    });
    expect(portsOf({ ...nodes[0]!, options: { http: { port: 80 } } } as never)).to.deep.equal([]);
  });

  it("tells which ports a container publishes", () => {
    expect(portsOf(declared({ url: URL_WITHIN, http: { port: 80 } }))).to.deep.equal([80, 5432]);
    expect(portsOf(declared({}))).to.deep.equal([]);
  });
});
