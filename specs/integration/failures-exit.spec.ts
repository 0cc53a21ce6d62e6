import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { FactoryContext, StackspecError } from "stackspec";
import { defineStack, listens, logs, requireEngine, startStack } from "stackspec";
import { NODE, engine, failureOf, insideOf, onceThere, script, serving, shell } from "./engine.ts";

const on = { image: NODE };

describe("a service that exits before it is ready", () => {
  requireEngine();
  let failure: StackspecError;
  before("one has exited while two wait for it", async function () {
    this.timeout(30_000);
    failure = await failureOf(
      startStack(
        defineStack("exits", (stack) => {
          const db = stack.service(
            "db",
            ({ image }) =>
              shell(image, "echo the very first words; echo no space left >&2; exit 3").withExposedPorts(8000),
            {
              ...on,
              ready: listens(8000),
            },
          );
          const app = stack.service("app", ({ image }) => shell(image, "sleep 1000"), { ...on, after: [db] });
          stack.service("nginx", ({ image }) => shell(image, "sleep 1000"), { ...on, after: [app] });
          return {};
        }),
      ),
    );
  });

  it("is named with its exit code and its last words", () => {
    // Which of two streams came last is the engine's to say.
    expect(failure.sentence).to.match(
      /^CONTAINER_EXITED: db: exited with code 3 before it was ready: (the very first words|no space left) — its log says why$/,
    );
  });

  it("shows its state and all that it wrote, from the first byte", () => {
    expect(failure.evidence).to.match(/^state: exited, exit code 3\nlog:\n/m);
    expect(failure.evidence).to.include("  | the very first words\n").and.to.include("  | no space left\n");
  });

  it("names those that waited for it", () => {
    expect(failure.evidence).to.include("nginx waits for app waits for db: exited with code 3 before it was ready");
  });

  it("starts none of those that waited for it", () => {
    expect(failure.evidence)
      .to.include("db starting")
      .and.not.to.match(/(app|nginx) starting/);
  });
});

describe("a service that exits after it was ready, while others still start", () => {
  requireEngine();
  it("ends the start", async function () {
    this.timeout(30_000);
    const failure = await failureOf(
      startStack(
        defineStack("exits-later", (stack) => {
          // Told by its first visitor to end.
          const quits = `require("node:http").createServer(() => { console.log("out of patience"); process.exit(4); }).listen(8000)`;
          const db = stack.service("db", ({ image }) => script(image, quits).withExposedPorts(8000), on);
          stack.service(
            "app",
            ({ image }) => script(image, `fetch("http://db:8000").catch(() => {}); setInterval(() => {}, 1e6)`),
            {
              ...on,
              after: [db],
              ready: logs(/never/),
            },
          );
          return {};
        }),
      ),
    );
    expect(failure.subject).to.equal("db");
    expect(failure.sentence).to.match(/^(SERVICE_DIED|CONTAINER_EXITED): db: .*exited.* code 4/);
    expect(failure.evidence).to.include("| out of patience");
    expect(failure.evidence).to.include("app waits for db");
  });
});

describe("a service that somebody else removes before it is ready", () => {
  requireEngine();
  it("is said to be removed", async function () {
    this.timeout(30_000);
    const name = `web-${randomUUID()}`;
    const starting = failureOf(
      startStack(
        defineStack("removed", (stack) => {
          stack.service(name, ({ image }) => shell(image, "sleep 1000"), { ...on, ready: logs(/never/) });
          return {};
        }),
      ),
    );
    const [container] = await onceThere(`dev.stackspec.name=${name}`);
    await (await engine()).getContainer(container!.Id).remove({ force: true });
    const failure = await starting;
    expect(failure.sentence).to.match(
      /^CONTAINER_EXITED: web-\S+: was removed by somebody else before it was ready — /,
    );
  });
});

describe("a service that somebody pauses while others start", () => {
  requireEngine();
  it("is named when they fail", async function () {
    this.timeout(30_000);
    const asks = `fetch("http://db:8000", { signal: AbortSignal.timeout(2_000) }).catch(() => process.exit(5))`;
    const failure = await failureOf(
      startStack(
        defineStack("paused", (stack) => {
          const db = stack.service("db", ({ image }) => script(image, serving('"db"')).withExposedPorts(8000), on);
          const pause = async ({ started: get }: FactoryContext): Promise<void> => {
            await (await engine()).getContainer((await get(db)).getId()).pause();
          };
          const pauser = stack.task("pauser", pause, { after: [db] });
          stack.service("app", ({ image }) => script(image, asks), { ...on, after: [pauser], ready: logs(/never/) });
          return {};
        }),
      ),
    );
    expect(failure.sentence).to.include("app: exited with code 5");
    expect(failure.evidence).to.include("db is paused: it answers again after `docker unpause`");
  });
});

describe("a service that is killed for memory", () => {
  requireEngine();
  it("is said to be, with what to do", async function () {
    this.timeout(30_000);
    // No more than that where an engine sets no limits, as a rootless one without cgroup v2.
    const eats = `const all = []; setInterval(() => all.length < 60 && all.push(Buffer.alloc(1e7, 1)), 1)`;
    const failure = await failureOf(
      startStack(
        defineStack("oom", (stack) => ({
          hungry: stack.service("hungry", ({ image }) => script(image, eats).withResourcesQuota({ memory: 0.08 }), {
            ...on,
            ready: logs(/never/),
          }),
        })),
      ),
    );
    expect(failure.sentence).to.equal(
      "OUT_OF_MEMORY: hungry: was killed for memory, exit code 137 — raise its limit with withResourcesQuota(), or find out what it needs the memory for",
    );
  });
});

describe("a container whose log has the words of another failure", () => {
  requireEngine();
  const saying = (words: string): Promise<StackspecError> =>
    failureOf(
      startStack(
        defineStack("words", (stack) => ({
          web: stack.service("web", ({ image }) => shell(image, `echo '${words}'; echo bye; exit 3`), {
            ...on,
            ready: logs(/never/),
          }),
        })),
      ),
    );

  it("has exited when a service said that something else was out of memory", async () => {
    const { sentence } = await saying("state: exited, exit code 137, out of memory");
    expect(sentence).to.equal("CONTAINER_EXITED: web: exited with code 3 before it was ready: bye — its log says why");
  });

  it("has exited when a service said that something else was removed", async () => {
    const { sentence } = await saying("state: removed");
    expect(sentence).to.equal("CONTAINER_EXITED: web: exited with code 3 before it was ready: bye — its log says why");
  });

  it("has died by itself when a service that was ready said both", async function () {
    this.timeout(30_000);
    const words = `console.log("state: removed\\nstate: exited, out of memory\\nbye")`;
    const quits = `require("node:http").createServer(() => { ${words}; process.exit(4); }).listen(8000)`;
    const running = await startStack(
      defineStack("last-words", (stack) => ({
        web: stack.service("web", ({ image }) => script(image, quits).withExposedPorts(8000), {
          ...on,
          http: { port: 8000 },
        }),
      })),
    );
    try {
      await running.values.web.http.get("/").catch(() => {});
      const { sentence } = await insideOf(running).death;
      expect(sentence).to.equal(
        "SERVICE_DIED: web: was ready and has exited since, with code 4 — its log says why; no spec after this can reach it",
      );
    } finally {
      await running.stop();
    }
  });
});

describe("a service that the engine cannot start", () => {
  requireEngine();
  it("is named with the engine's words", async function () {
    this.timeout(30_000);
    const failure = await failureOf(
      startStack(
        defineStack("no-command", (stack) => ({
          web: stack.service("web", ({ image }) => shell(image, "").withEntrypoint(["/no/such/program"]), on),
        })),
      ),
    );
    expect(failure.sentence).to.match(
      /^CREATE_FAILED: web: cannot be started from node:24-slim: .*\/no\/such\/program.*no such file or directory/,
    );
  });

  it("is named with its factory's words when that throws", async () => {
    const start = startStack(
      defineStack("factory-throws", (stack) => ({
        web: stack.service(
          "web",
          ({ image }) => {
            if (image !== "") throw new TypeError("no such setting: COLOUR");
            return script(image, serving('"web"'));
          },
          on,
        ),
      })),
    );
    const failure = await failureOf(start);
    expect(failure.sentence).to.match(/^CREATE_FAILED: web: .*no such setting: COLOUR/);
    expect(failure.cause).to.be.instanceOf(TypeError);
  });
});
