import { createRequire } from "node:module";
import { expect } from "chai";
import type Dockerode from "dockerode";
import { GenericContainer } from "testcontainers";
import type { ContainerRuntimeClient } from "testcontainers";
import { HOOKS, classNamesOf, internalsOf } from "../../src/engine/container/internals.ts";
import { explainRefusals } from "../../src/engine/docker/answers.ts";

/**
 * Every member of Testcontainers that its types keep from us and `src/engine/container/internals.ts` uses all the same,
 * with what it has to be. A failure here means: this version of Testcontainers has changed inside; look at that file.
 */
const MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  imageName: (value) => (value as { string?: string } | undefined)?.string === "image:1",
  pullPolicy: (value) => (value as { shouldPull?(): unknown } | undefined)?.shouldPull?.() === false,
  filesToCopy: Array.isArray,
  directoriesToCopy: Array.isArray,
  contentsToCopy: Array.isArray,
  archivesToCopy: Array.isArray,
  networkAliases: Array.isArray,
  createOpts: (value) => (value as { Image?: string } | undefined)?.Image === "image:1",
  hostConfig: (value) => typeof value === "object",
  startContainer: (value) => typeof value === "function",
  reuseContainer: (value) => typeof value === "function",
};

/** What tells how each `with…` method changes the members above. */
const CHANGES: Readonly<
  Record<string, { change: (made: GenericContainer) => unknown; shows: (inside: Inside) => unknown }>
> = {
  "createOpts.Cmd by withCommand": {
    change: (made) => made.withCommand(["x"]),
    shows: ({ createOpts }) => createOpts.Cmd,
  },
  "createOpts.Entrypoint by withEntrypoint": {
    change: (made) => made.withEntrypoint(["x"]),
    shows: ({ createOpts }) => createOpts.Entrypoint,
  },
  "createOpts.Env by withEnvironment": {
    change: (made) => made.withEnvironment({ A: "x" }),
    shows: ({ createOpts }) => createOpts.Env,
  },
  "createOpts.ExposedPorts by withExposedPorts": {
    change: (made) => made.withExposedPorts(1),
    shows: ({ createOpts }) => createOpts.ExposedPorts,
  },
  "hostConfig.PortBindings by withExposedPorts": {
    change: (made) => made.withExposedPorts(1),
    shows: ({ hostConfig }) => hostConfig.PortBindings,
  },
  "hostConfig.Binds by withBindMounts": {
    change: (made) => made.withBindMounts([{ source: "/a", target: "/b" }]),
    shows: ({ hostConfig }) => hostConfig.Binds,
  },
  "hostConfig.Memory by withResourcesQuota": {
    change: (made) => made.withResourcesQuota({ memory: 1 }),
    shows: ({ hostConfig }) => hostConfig.Memory,
  },
  "hostConfig.NanoCpus by withResourcesQuota": {
    change: (made) => made.withResourcesQuota({ cpu: 1 }),
    shows: ({ hostConfig }) => hostConfig.NanoCpus,
  },
  "createOpts.Hostname by withHostname": {
    change: (made) => made.withHostname("x"),
    shows: ({ createOpts }) => createOpts.Hostname,
  },
  "createOpts.name by withName": {
    change: (made) => made.withName("x"),
    shows: ({ createOpts }) => createOpts.name,
  },
  "networkAliases by withNetworkAliases": {
    change: (made) => made.withNetworkAliases("x"),
    shows: ({ networkAliases }) => networkAliases.at(0),
  },
  "waitStrategy by withWaitStrategy": {
    change: (made) => made.withWaitStrategy({} as never),
    shows: ({ waitStrategy }) => waitStrategy,
  },
};

interface Inside {
  readonly createOpts: Dockerode.ContainerCreateOptions;
  readonly hostConfig: Dockerode.HostConfig;
  readonly networkAliases: string[];
  readonly waitStrategy: unknown;
}

describe("what stackspec reaches for inside Testcontainers", () => {
  for (const [member, isAsExpected] of Object.entries(MEMBERS))
    it(`has ${member}`, () => {
      const inside = new GenericContainer("image:1") as unknown as Record<string, unknown>;
      expect(isAsExpected(inside[member]), `Testcontainers has changed ${member}: see src/engine/container/`).to.be
        .true;
    });

  for (const [what, { change, shows }] of Object.entries(CHANGES))
    it(`sets ${what}`, () => {
      const made = new GenericContainer("image:1");
      expect(shows(made as unknown as Inside)).to.equal(undefined);
      change(made);
      expect(shows(made as unknown as Inside)).not.to.equal(undefined);
    });
});

/** A client of an engine that does what it is asked for, as far as a start comes until the container is started; notes the calls. */
function clientOf(calls: string[]): ContainerRuntimeClient {
  const container = {
    async create() {
      calls.push("create");
      return { id: "the id" };
    },
    async start() {
      calls.push("start");
      throw new Error("enough");
    },
  };
  return { container } as unknown as ContainerRuntimeClient;
}

describe("the start of a container by Testcontainers", () => {
  it("calls containerCreated when it is created, waits for that, and starts it then", async () => {
    const calls: string[] = [];
    const inside = internalsOf(new GenericContainer("image:1"));
    inside.containerCreated = async (id) => {
      await new Promise(setImmediate);
      calls.push(`containerCreated with ${id}`);
    };
    const failure = await inside.startContainer(clientOf(calls)).catch((error: unknown) => error);
    expect(failure).to.have.property("message", "enough");
    expect(calls, "Testcontainers no longer waits for what stackspec orders by: see configure.ts").to.deep.equal([
      "create",
      "containerCreated with the id",
      "start",
    ]);
  });

  it("is asked for with all that createOpts and hostConfig say by then", async () => {
    let asked: unknown;
    const inside = internalsOf(new GenericContainer("image:1"));
    inside.createOpts.name = "x";
    inside.hostConfig.CpuShares = 1;
    const container = {
      async create(options: unknown) {
        asked = options;
        throw new Error("enough");
      },
    };
    await inside.startContainer({ container } as unknown as ContainerRuntimeClient).catch(() => {});
    expect(asked).to.deep.include({ name: "x", HostConfig: inside.hostConfig });
  });

  it("has the hooks that are known, and no others", () => {
    const source = String(GenericContainer);
    const called = source.matchAll(/await this\.((?:before|container)[A-Z]\w*)\(/g);
    expect(new Set(Array.from(called, ([, hook]) => hook))).to.deep.equal(HOOKS);
  });
});

describe("the client of the engine that Testcontainers has", () => {
  it("makes each call by the method that stackspec replaces to explain refusals", async () => {
    const from = createRequire(createRequire(import.meta.url).resolve("testcontainers"));
    const docker = new (from("dockerode") as typeof Dockerode)();
    expect(docker.modem.dial, "its client has changed: see src/engine/docker/answers.ts").to.be.a("function");
    docker.modem.dial = (_options, callback) => {
      const refusal = new Error("(HTTP code 409) conflict - it is in use ");
      callback?.(Object.assign(refusal, { statusCode: 409 }), null);
    };
    explainRefusals(docker, "Docker 1");
    const refused = await docker.version().catch((error: unknown) => error);
    expect(refused).to.have.property("message", "it is in use (Docker 1 answered 409 to GET /version)");
  });
});

describe("what stackspec imports from inside Testcontainers", () => {
  it("has the credentials of the Docker config", async () => {
    const module = await import("testcontainers/build/container-runtime/auth/get-auth-config.js");
    expect(module.getAuthConfig, "Testcontainers has changed it: see src/images/credentials.ts").to.be.a("function");
  });
});

describe("the classes of an object", () => {
  class Base extends GenericContainer {}
  class Sub extends Base {}

  it("are all of them, its own first", () => {
    expect(classNamesOf(new Sub("image:1"))).to.deep.equal(["Sub", "Base", "GenericContainer"]);
  });

  it("are none for a plain object", () => {
    expect(classNamesOf({})).to.deep.equal([]);
  });
});
