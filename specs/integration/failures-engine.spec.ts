import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import Dockerode from "dockerode";
import { defineStack, logs, requireEngine, startStack } from "stackspec";
import type { StackspecError } from "stackspec";
import type { GenericContainer } from "testcontainers";
import { whyLate } from "../../src/engine/container/listening.ts";
import { connectEngine } from "../../src/engine/docker/connect.ts";
import { isPodman } from "../../src/engine/docker/answers.ts";
import { evidenceOfContainer } from "../../src/engine/container/remains.ts";
import { resultOf } from "./child.ts";
import { NODE, engine, failureOf, referenceOf, shell, useRunning } from "./engine.ts";
import { watchedSocketToEngine } from "./socket.ts";

/** The failure of a stack with this one service. */
const startWith = (make: (container: GenericContainer) => GenericContainer): Promise<StackspecError> =>
  failureOf(
    startStack(
      defineStack("engine", (stack) => ({
        web: stack.service("web", ({ image }) => make(shell(image, "sleep 1000")), { image: NODE }),
      })),
    ),
  );

describe("a service that asks the engine for what it cannot have", () => {
  requireEngine();

  it("names the port of this machine that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    try {
      const failure = await startWith((web) => web.withExposedPorts({ container: 8000, host: port }));
      expect(failure.code).to.equal("PORT_TAKEN");
      expect(failure.sentence).to.match(
        /^PORT_TAKEN: web: .* — free the port, or leave the choice to the engine with withExposedPorts\(port\)$/,
      );
      expect(failure.sentence).to.include(`:${port}`);
    } finally {
      other.close();
    }
  });

  it("names the file to copy that does not exist", async () => {
    const failure = await startWith((web) =>
      web.withCopyFilesToContainer([{ source: "specs/no-such-file", target: "/x" }]),
    );
    expect(failure.sentence).to.equal(
      "FILE_MISSING: web: copies specs/no-such-file, which does not exist — check the path in its declaration",
    );
  });

  it("names the folder to copy that does not exist", async () => {
    const failure = await startWith((web) =>
      web.withCopyDirectoriesToContainer([{ source: "specs/no-such-folder", target: "/x" }]),
    );
    expect(failure.sentence).to.equal(
      "FILE_MISSING: web: copies specs/no-such-folder, which does not exist — check the path in its declaration",
    );
  });

  it("names the path to mount that does not exist", async () => {
    const failure = await startWith((web) => web.withBindMounts([{ source: "/no/such/folder", target: "/x" }]));
    expect(failure.sentence).to.equal(
      "FILE_MISSING: web: mounts /no/such/folder, which does not exist — check the path in its declaration",
    );
  });

  it("names the volume to mount that does not exist", async () => {
    const name = `none-${randomBytes(4).toString("hex")}`;
    const failure = await startWith((web) => web.withBindMounts([{ source: name, target: "/x" }]));
    expect(failure.sentence).to.equal(
      `VOLUME_MISSING: web: mounts the volume ${name}, which does not exist on the engine — create it, or declare one with stack.volume()`,
    );
    await expect((await engine()).getVolume(name).inspect(), "the volume must not be made").to.be.rejected;
  });
});

describe("an engine with no more addresses for networks", () => {
  requireEngine();
  // The addresses are everybody's on this engine: to use them up would end what else runs there. The words are an engine's.
  for (const [engineVersion, words] of [
    [
      "20",
      "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
    ],
    ["28", "all predefined address pools have been fully subnetted"],
  ] as const)
    it(`is said to have none, with what to do: version ${engineVersion}`, async function () {
      this.timeout(60_000);
      const socket = await watchedSocketToEngine(({ method, url, answer }) => {
        if (method === "POST" && url.pathname.endsWith("/networks/create")) answer(500, { message: words });
        // Those of no other stack, which it would wait for.
        if (method === "GET" && url.pathname.endsWith("/networks")) answer(200, []);
      });
      try {
        const { sentence } = await resultOf<{ sentence: string }>("no-engine.ts", {
          environment: { DOCKER_HOST: socket.address, TESTCONTAINERS_RYUK_DISABLED: "true" },
        });
        expect(sentence).to.match(
          /^NETWORK_EXHAUSTED: no-engine: its network cannot be made: .*address pool.* — remove networks that nobody needs: npx stackspec clean, docker network prune$/,
        );
      } finally {
        socket.cut();
      }
    });
});

describe("a container that somebody else removes before the engine has started it", () => {
  requireEngine();

  it("is said to be removed", async function () {
    this.timeout(60_000);
    const socket = await watchedSocketToEngine(async ({ url }) => {
      const [, id] = /\/containers\/(\w+)\/start$/.exec(url.pathname) ?? [];
      if (id === undefined) return;
      const container = (await engine()).getContainer(id);
      const { Config } = await container.inspect();
      if (Config.Labels["dev.stackspec.name"] === "web") await container.remove({ force: true });
    });
    try {
      const { sentence } = await resultOf<{ sentence: string }>("no-engine.ts", {
        environment: { DOCKER_HOST: socket.address, TESTCONTAINERS_RYUK_DISABLED: "true" },
      });
      expect(sentence).to.equal(
        "CONTAINER_EXITED: web: was removed by somebody else before it was ready — find out who removes containers of others on this engine",
      );
    } finally {
      socket.cut();
    }
  });
});

describe("the evidence of a failure, from an engine that hangs", () => {
  requireEngine();
  const stack = useRunning(
    defineStack("hangs", ({ service }) => ({
      web: service("web", ({ image }) => shell(image, "echo here; sleep 1000"), { image: NODE, ready: logs(/here/) }),
    })),
  );

  /** What is found out of the container when the engine never answers these requests. */
  async function foundWithout(
    hangs: (path: string) => boolean,
    find: (container: Dockerode.Container) => Promise<string> = (container) => evidenceOfContainer(container, "503"),
  ): Promise<string> {
    const socket = await watchedSocketToEngine(({ url }) =>
      hangs(url.pathname) ? new Promise<never>(() => {}) : undefined,
    );
    try {
      const docker = new Dockerode({ socketPath: socket.address.replace("unix://", "") });
      return await find(docker.getContainer(stack().values.web.getId()));
    } finally {
      socket.cut();
    }
  }

  it("is what was known before, and that the engine does not answer", async () => {
    expect(await foundWithout(() => true)).to.equal(
      [
        "last answer: 503",
        "state cannot be read: the engine has not answered within 2000 ms",
        "log cannot be read: the engine has not answered within 2000 ms",
      ].join("\n"),
    );
  });

  it("has what the engine still told", async () => {
    expect(await foundWithout((path) => path.endsWith("/logs"))).to.equal(
      [
        "last answer: 503",
        "state: running, exit code 0",
        "log cannot be read: the engine has not answered within 2000 ms",
      ].join("\n"),
    );
  });

  it("is the state and the log of an engine that answers", async () => {
    expect(await foundWithout(() => false)).to.equal("last answer: 503\nstate: running, exit code 0\nlog:\n  | here");
  });

  it("says that it does not tell where a service that is late listens", async () => {
    const late = foundWithout(
      (path) => path.endsWith("/exec"),
      (container) => whyLate("WRONG_ANSWER", container, [8000], "read ECONNRESET"),
    );
    expect(await late).to.equal(": read ECONNRESET, and the engine has not said within 5000 ms where it listens");
  });
});

describe("an engine that hears of a container's exit before it hears what has killed it", () => {
  requireEngine();
  let container: Dockerode.Container;
  before("a container that is killed for memory", async function () {
    // Its state alone tells.
    if (isPodman(await connectEngine())) this.skip();
    this.timeout(30_000);
    container = await (
      await engine()
    ).createContainer({
      Image: await referenceOf(NODE),
      Cmd: ["node", "-e", "const all = []; setInterval(() => all.push(Buffer.alloc(1e7, 1)), 1)"],
      HostConfig: { Memory: 80 << 20 },
    });
    await container.start();
    await container.wait();
  });
  after("remove", () => container?.remove({ force: true }));

  it("is believed when it tells of that later: its state never does", async () => {
    const found = await container.inspect();
    const socket = await watchedSocketToEngine(({ url, answer }) => {
      // What Docker says then.
      if (url.pathname.endsWith("/json")) answer(200, { ...found, State: { ...found.State, OOMKilled: false } });
    });
    try {
      const docker = new Dockerode({ socketPath: socket.address.replace("unix://", "") });
      const text = await evidenceOfContainer(docker.getContainer(container.id));
      expect(text).to.match(/^state: exited, exit code 137, out of memory$/m);
    } finally {
      socket.cut();
    }
  });
});

describe("an engine that cannot be installed", () => {
  before("in a namespace where no engine is found, and this process is root", function () {
    this.timeout(30_000);
    if (spawnSync("unshare", ["--map-root-user", "--mount", "true"]).status !== 0 || !existsSync("/etc/debian_version"))
      this.skip();
  });
  const find = (setting: string) =>
    resultOf<{ missing: string; code?: string }>("no-install.ts", {
      hidden: "/run",
      environment: {
        STACKSPEC_ENGINE: setting,
        DOCKER_HOST: "",
        HOME: "/nonexistent",
        XDG_RUNTIME_DIR: "/nonexistent",
      },
    });

  it("is missing with the error of the attempt", async function () {
    this.timeout(30_000);
    const found = await find("install");
    expect(found.code).to.equal("INSTALL_FAILED");
    expect(found.missing).to.match(/^INSTALL_FAILED: .*ENOENT/);
  });

  it("is not tried to be where nobody says so", async function () {
    this.timeout(30_000);
    await expect(find("auto")).to.eventually.deep.equal({ missing: "no Docker-compatible engine answers" });
  });
});
