import { expect } from "chai";
import { GenericContainer } from "testcontainers";
import { classNamesOf } from "../../src/engine/container/internals.ts";

/**
 * Every member of Testcontainers that its types keep from us and `src/engine/container/internals.ts` uses all the same,
 * with what it has to be. A failure here means: this version of Testcontainers has changed inside; look at that file.
 */
const MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  imageName: (value) => (value as { string?: string } | undefined)?.string === "image:1",
  filesToCopy: Array.isArray,
  directoriesToCopy: Array.isArray,
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
  readonly createOpts: Record<string, unknown>;
  readonly hostConfig: Record<string, unknown>;
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
