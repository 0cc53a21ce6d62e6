import { existsSync } from "node:fs";
import { expect } from "chai";
import type Dockerode from "dockerode";
import { requireEngine } from "stackspec";
import { connectEngine } from "../../src/engine/docker/connect.ts";
import { startRun } from "./child.ts";
import { RUN_LABEL, engine } from "./engine.ts";
import { socketToEngine, watchedSocketToEngine } from "./socket.ts";
import type { SocketToEngine } from "./socket.ts";

describe("an engine on another machine", function () {
  this.timeout(120_000);
  requireEngine();
  let socket: SocketToEngine | undefined;
  /** An address of this machine that no run takes for this machine, unless the engine of these specs is elsewhere itself. */
  let host = "127.0.0.2";
  let way: Record<string, string> = {};
  before("it is reached by TCP", async () => {
    const runtime = await connectEngine();
    if (!runtime.local) return void (host = runtime.host);
    socket = await socketToEngine(() => {}, host);
    // Of this process it may say another.
    way = { DOCKER_HOST: socket.address, TESTCONTAINERS_HOST_OVERRIDE: host };
  });
  after(() => socket?.cut());

  /** Where a run's ports are published, and what it wrote. */
  async function published(environment: Record<string, string>): Promise<{ doors: string[]; output: string }> {
    const child = startRun(["ends.ts"], {
      environment: { ...way, ENDS: "waits", ...environment },
    });
    const [, id] = await child.shown(/^run ([0-9a-f]{8})$/m);
    const docker = await engine();
    const containers = await docker.listContainers({ filters: { label: [`${RUN_LABEL}=${id}`] } });
    const doors = containers.flatMap(({ Ports }) => Ports.map(({ IP }: Dockerode.Port) => IP).filter(Boolean));
    await child.shown(/under way/);
    child.process.stdin!.write("go on\n");
    const { output, exitCode } = await child.ended;
    expect(exitCode, output).to.equal(0);
    return { doors, output };
  }

  it("publishes ports on the address that is asked for, and on no other", async () => {
    const { doors, output } = await published({ STACKSPEC_PUBLISH_ADDRESS: host });
    expect(doors).to.deep.equal([host]);
    expect(output).not.to.include("Published ports");
  });

  it("is said, once, to publish ports for all who reach it where nobody has asked for an address", async () => {
    const { doors, output } = await published({});
    expect(doors).to.include("0.0.0.0");
    expect(output.match(/Published ports are open to all who reach .*/g)).to.deep.equal([
      `Published ports are open to all who reach ${host}: the setting publishAddress names one of its addresses for them`,
    ]);
  });

  it("fails to mount what it does not have, with what to do instead, and makes no folder of it", async function () {
    // Podman makes one, whatever the form of the mount.
    if ((await connectEngine()).name.startsWith("Podman")) this.skip();
    const child = startRun(["mounts.ts"], { environment: way });
    const { output } = await child.ended;
    expect(output).to.match(/FILE_MISSING: web: .*\/stackspec\/nowhere.* — .*withCopyFilesToContainer\(\)/);
    expect(existsSync("/stackspec/nowhere")).to.equal(false);
  });

  it("is said not to be reached through SSH, and how it can be", async () => {
    const child = startRun(["ends.ts"], { environment: { DOCKER_HOST: "ssh://me@far:2222" } });
    expect((await child.ended).output).to.include(
      "ENGINE_UNREACHABLE: DOCKER_HOST: expected unix:// or tcp://, got ssh://me@far:2222 — Testcontainers reaches no engine through SSH. Forward its socket: ssh -fnNT -L /tmp/engine.sock:/var/run/docker.sock -p 2222 me@far; then set DOCKER_HOST=unix:///tmp/engine.sock TESTCONTAINERS_HOST_OVERRIDE=far",
    );
  });
});

describe("an engine that refuses what every engine does", function () {
  this.timeout(120_000);
  requireEngine();

  it("is an error with a code, the call, and the engine's name and version", async function () {
    if (!(await connectEngine()).local) this.skip();
    const { Version } = await (await engine()).version();
    const socket = await watchedSocketToEngine(({ method, url, answer }) => {
      if (method === "GET" && url.pathname.startsWith("/images/")) answer(501, { message: "no such plugin" });
    });
    const child = startRun(["ends.ts"], {
      environment: { DOCKER_HOST: socket.address, TESTCONTAINERS_RYUK_DISABLED: "true" },
    });
    const { output } = await child.ended;
    socket.cut();
    const said =
      /ENGINE_REFUSED: no such plugin \((?:Docker|Podman) (\S+) answered 501 to GET \/images\/\S+\/json\) — /;
    expect(said.exec(output)?.[1], output).to.equal(Version);
  });
});
