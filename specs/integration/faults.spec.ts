import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { expect } from "chai";
import { defineStack, requireEngine, useStack } from "stackspec";
import type { StackspecError } from "stackspec";
import { GenericContainer } from "testcontainers";
import { connectEngine } from "../../src/engine/docker/connect.ts";
import { startRun } from "./child.ts";
import { NODE, engine, script, serving } from "./engine.ts";

/** How much later a slow service answers: what the delay adds can only be more. */
const LATENCY_MS = 300;

/** On another machine a container that is started again has ports that nobody knows. */
async function unlessElsewhere(this: Mocha.Context): Promise<void> {
  if (!(await connectEngine()).local) this.skip();
}

const stackWithFaults = defineStack("faults", ({ service, task, volume }) => {
  const db = service("db", ({ image }) => new GenericContainer(image).withExposedPorts(6379), {
    image: "redis:8",
    durable: true,
  });
  const memory = service("memory", ({ image }) => new GenericContainer(image), { image: "redis:8" });
  const files = volume("files", { sizeMb: 1 });
  const seed = task("seed", ({ image }) => script(image, 'require("node:fs").writeFileSync("/files/seed", "seed")'), {
    image: NODE,
    mounts: [files.at("/files")],
  });
  // Its clients' only connection to the database is open all the time.
  const app = service(
    "app",
    ({ image }) =>
      script(
        image,
        `const socket = require("node:net").connect(6379, "db");
        let why = "";
        socket.on("error", ({ code }) => (why = code));
        const { readFileSync, writeFileSync } = require("node:fs");
        require("node:http").createServer((request, response) => {
          try {
            if (request.url === "/seed") return response.end(readFileSync("/files/seed"));
            if (request.url === "/write") return response.end(String(writeFileSync("/files/more", "more")));
          } catch (error) { return response.end(error.code); }
          if (socket.destroyed) return response.end(why);
          socket.once("data", (data) => response.end(data)).once("close", () => response.end(why));
          socket.write("PING\\r\\n");
        }).listen(8000)`,
      ),
    { image: NODE, http: { port: 8000 }, after: [db, seed], mounts: [files.at("/files")] },
  );
  const clock = { http: { port: 8000 }, image: NODE, ownClock: true };
  const watch = service("watch", ({ image }) => script(image, serving("String(Date.now())")), clock);
  const deaf = service(
    "deaf",
    ({ image }) =>
      new GenericContainer(image).withCommand(["env", "-u", "LD_PRELOAD", "node", "-e", serving("String(Date.now())")]),
    clock,
  );
  return { db, memory, app, files, watch, deaf };
});

describe("a service of a stack that runs", function () {
  this.timeout(60_000);
  requireEngine();
  const stack = useStack(stackWithFaults, { scope: "suite", reset: "none" });
  const sockets: Socket[] = [];
  afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));

  /** A connection to the database's port on this machine. */
  const open = (): Socket => {
    const socket = connect(stack.db.getMappedPort(6379), stack.db.getHost());
    socket.on("error", () => {});
    sockets.push(socket);
    return socket;
  };
  /** What the database answers on a connection; "" when that is closed first. */
  const ask = async (words: string, socket = open()): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.once("data", (data) => resolve(String(data))).once("close", () => resolve(""));
    socket.write(`${words}\r\n`);
    return promise;
  };
  const tookMs = async (work: () => Promise<unknown>): Promise<number> => {
    const startedAt = performance.now();
    await work();
    return performance.now() - startedAt;
  };
  const failureOf = (work: Promise<unknown>): Promise<StackspecError> =>
    work.then(
      () => expect.fail("expected a failure, it succeeded"),
      (error: unknown) => error as StackspecError,
    );

  describe("that is cut off", () => {
    it("resets connections that are open", async () => {
      const socket = open();
      expect(await ask("PING", socket)).to.equal("+PONG\r\n");
      // With an error too: where nothing stands between, it is a reset.
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      socket.once("close", () => resolve());
      await stack.cut("db");
      await closed;
    });

    it("answers nobody on this machine", async () => {
      await stack.cut("db");
      expect(await ask("PING")).to.equal("");
    });

    it("answers on its network neither, and says why", async function () {
      await unlessElsewhere.call(this);
      await stack.restart("app", { graceMs: 0 });
      await expect(stack.app.http.get("/")).to.eventually.have.property("text", "+PONG\r\n");
      await stack.cut("db");
      await expect(stack.app.http.get("/")).to.eventually.have.property("text", "ECONNRESET");
    });

    it("answers again when that is healed", async () => {
      const cut = await stack.cut("db");
      await cut.heal();
      expect(await ask("PING")).to.equal("+PONG\r\n");
    });

    it("is healed at the end of the block that used it", async () => {
      {
        await using _cut = await stack.cut("db");
      }
      expect(await ask("PING")).to.equal("+PONG\r\n");
    });

    it("cannot be cut off twice", async () => {
      await stack.cut("db");
      const { sentence } = await failureOf(stack.cut("db"));
      expect(sentence).to.equal("USAGE: db: expected a service that is not cut, to be cut: heal that first");
    });
  });

  describe("that is slow", () => {
    it("answers later on a connection that is open", async () => {
      const socket = open();
      await ask("PING", socket);
      await stack.slow("db", { latencyMs: LATENCY_MS });
      expect(await tookMs(() => ask("PING", socket))).to.be.at.least(LATENCY_MS);
    });

    it("takes its time for much data", async () => {
      await ask(`SET much ${"x".repeat(50_000)}`);
      await stack.slow("db", { bandwidthKbps: 1_000 });
      const socket = open();
      const took = await tookMs(async () => {
        socket.write("GET much\r\n");
        for (let length = 0; length < 50_000;) length += String((await once(socket, "data"))[0]).length;
      });
      expect(took).to.be.at.least(400);
    });

    it("keeps its connections when that is healed", async () => {
      const socket = open();
      await ask("PING", socket);
      const slow = await stack.slow("db", { latencyMs: LATENCY_MS });
      const answer = ask("PING", socket);
      await slow.heal();
      expect(await answer).to.equal("+PONG\r\n");
      expect(await ask("PING", socket)).to.equal("+PONG\r\n");
    });
  });

  describe("that is paused", () => {
    it("answers no sooner than it is healed", async function () {
      const socket = open();
      await ask("PING", socket);
      const pause = await stack.pause("db").catch((error: StackspecError) => {
        // A rootless engine without cgroup v2.
        if (error.code === "FAULT_IMPOSSIBLE") this.skip();
        throw error;
      });
      let isHealed = false;
      const answer = ask("PING", socket).then((text) => ({ text, isHealed }));
      const { State } = await (await engine()).getContainer(stack.db.getId()).inspect();
      expect(State.Paused).to.equal(true);
      isHealed = true;
      await pause.heal();
      expect(await answer).to.deep.equal({ text: "+PONG\r\n", isHealed: true });
    });
  });

  describe("that is killed", () => {
    beforeEach("the engine is this machine's", unlessElsewhere);

    it("is not there until it is healed, and has what it had stored", async () => {
      await ask("SET kept yes");
      await ask("SAVE");
      const kill = await stack.kill("db");
      expect(await ask("GET kept")).to.equal("");
      await kill.heal();
      expect(await ask("GET kept")).to.equal("$3\r\nyes\r\n");
    });

    it("answers on the address that it had before", async () => {
      const { host, port } = { host: stack.db.getHost(), port: stack.db.getMappedPort(6379) };
      await stack.restart("db");
      const socket = connect(port, host);
      sockets.push(socket);
      expect(await ask("PING", socket)).to.equal("+PONG\r\n");
    });
  });

  describe("that is restarted", () => {
    beforeEach("the engine is this machine's", unlessElsewhere);

    it("has what it has acknowledged", async () => {
      await ask("SET restarted yes");
      await stack.restart("db");
      expect(await ask("GET restarted")).to.equal("$3\r\nyes\r\n");
    });

    it("cannot be while its data is in memory", async () => {
      const { sentence } = await failureOf(stack.restart("memory"));
      expect(sentence).to.equal(
        "FAULT_IMPOSSIBLE: memory: its data is in memory (/data), and would be gone with its process — declare it with durable: true; cut and pause work as it is",
      );
    });

    it("cannot be while its network is made to fail", async () => {
      await stack.slow("db", { latencyMs: 1 });
      const { sentence } = await failureOf(stack.restart("db"));
      expect(sentence).to.equal("USAGE: db: expected a service that is not slow, to be restarting: heal that first");
    });
  });

  describe("whose clock is shifted", () => {
    const DAY_MS = 86_400_000;
    const now = async (): Promise<number> => Number((await stack.watch.http.get("/")).text);

    it("tells another time, until that is healed", async () => {
      const before = await now();
      const shift = await stack.clock("watch", { offsetMs: DAY_MS });
      expect((await now()) - before).to.be.at.least(DAY_MS);
      await shift.heal();
      expect((await now()) - before).to.be.below(DAY_MS);
    });

    it("is declared with a clock of its own", async () => {
      const { sentence } = await failureOf(stack.clock("app", { offsetMs: -DAY_MS }));
      expect(sentence).to.equal("FAULT_IMPOSSIBLE: app: its clock is its machine's — declare it with ownClock: true");
    });

    it("has programs that look at that clock, or it is said which do not", async () => {
      const { sentence, evidence } = await failureOf(stack.clock("deaf", { offsetMs: DAY_MS }));
      expect(sentence).to.match(/^FAULT_IMPOSSIBLE: deaf: .* programs that ask the C library for the time/);
      expect(evidence).to.match(/\/node asks the kernel for the time$/);
    });
  });

  describe("whose volume is full", () => {
    it("finds no space there, until that is healed", async () => {
      const full = await stack.full("files");
      await expect(stack.app.http.get("/write")).to.eventually.have.property("text", "ENOSPC");
      await full.heal();
      await expect(stack.app.http.get("/write")).to.eventually.have.property("text", "undefined");
    });

    it("has there what its tasks have left, also while it is full", async () => {
      await stack.full("files");
      await expect(stack.app.http.get("/seed")).to.eventually.have.property("text", "seed");
    });
  });
});

describe("a run whose specs make services fail", function () {
  this.timeout(120_000);
  requireEngine();
  let results: ReturnType<ReturnType<typeof startRun>["results"]>["results"];
  before("it has ended", async () => {
    const run = startRun(["lost-writes.ts", "faults.ts"]);
    await run.ended;
    ({ results } = run.results());
  });
  const statusOf = (name: string) => results.tests.find((test) => test.name === name)?.status;
  const messageOf = (name: string) => results.tests.find((test) => test.name === name)?.message;

  for (const after of ["a spec that passed", "a spec that failed", "a spec that was over time"])
    it(`heals them after ${after}`, () => {
      expect(statusOf(`is there after ${after}`)).to.equal("passed");
    });

  it("heals a clock and a volume too", () => {
    expect(messageOf("leaves its clock shifted, and fails")).to.equal("on purpose");
    expect(messageOf("leaves its volume full, and is over time")).to.match(/Timeout of 50ms/);
    expect(statusOf("has its space and its time again")).to.equal("passed");
  });

  it("fails for one that exits when nobody has asked for that, also if it was killed before", () => {
    expect(messageOf("comes after that")).to.match(/SERVICE_DIED: web: /);
  });

  it("has them on its time axis", () => {
    const { states } = results.extra.timeline.nodes.find(({ stack }) => stack === "faults-left")!;
    expect(
      states.map(({ state }) => state).filter((state) => state !== "starting" && state !== "stopped"),
    ).to.deep.equal(["ready", "cut", "ready", "paused", "ready", "slow: 10 ms later", "ready", "killed", "ready"]);
  });

  it("has clocks and volumes there too", () => {
    const statesOf = (name: string) =>
      results.extra.timeline.nodes
        .find((node) => node.stack === "faults-besides" && node.name === name)!
        .states.map(({ state }) => state);
    expect(statesOf("web").join()).to.match(/,ready,shifted: \d+ ms,ready,stopped$/);
    expect(statesOf("files")).to.deep.equal(["full", "ready"]);
  });

  it("catches an application that loses writes which it has acknowledged, when its database restarts", async function () {
    await unlessElsewhere.call(this);
    expect(messageOf("keeps what it has acknowledged: hasty")).to.match(/expected \[ .* to be a superset of \[ /);
  });

  it("passes for one that does not", async function () {
    await unlessElsewhere.call(this);
    expect(statusOf("keeps what it has acknowledged: careful")).to.equal("passed");
  });
});
