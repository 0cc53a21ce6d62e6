import { expect } from "chai";
import { StackspecError } from "stackspec";
import { evidenceOf, evidenceText, shownError } from "../../src/mocha/evidence.ts";
import { recordEvidence } from "../../src/mocha/record-evidence.ts";

type Follower = (line: string, atMs: number) => void;

/** A running stack as far as evidence is concerned: its service `web` writes when it is told to. */
function runningStack() {
  const followers: Follower[] = [];
  const { promise: death, resolve: die } = Promise.withResolvers<StackspecError>();
  const log = {
    lines: [],
    count: 0,
    file: "reports/logs/shop/web.log",
    follow(follower: Follower) {
      followers.push(follower);
      return () => {};
    },
    ended: new Promise<void>(() => {}),
    written: new Promise<void>(() => {}),
    cut() {},
  };
  const write: Follower = (line, atMs) => followers.forEach((follower) => follower(line, atMs));
  const paused: string[] = [];
  let dying = false;
  const stack = { logs: new Map([["web", log]]), death, isDying: () => dying, paused: () => paused };
  const exit = () => void (dying = true);
  return { stack, paused, write, exit, die, followed: () => followers.length > 0 };
}

/** Time does not pass here: a short wait is over at once, a longer one only when the news come. */
const recorderOf = (...stacks: ReturnType<typeof runningStack>["stack"][]) =>
  recordEvidence(
    () => stacks,
    (file) => `/srv/${file}`,
    () => undefined,
    (ms) => (ms <= 100 ? Promise.resolve() : new Promise(() => {})),
  );
const webDied = () =>
  new StackspecError("SERVICE_DIED", "was ready and has exited since, with code 5", { subject: "web" });

describe("the evidence of a failed spec", () => {
  it("has what a service wrote while the spec ran, also when it comes late", async () => {
    const { stack, write } = runningStack();
    const recorder = recorderOf(stack);
    const err = new Error("expected 1, got 2");
    recorder.beginSpec();
    const duringMs = Date.now();
    await recorder.attachTo({ err });
    write("the last words of the spec before", duringMs - 1_000);
    write("late words", duringMs);
    write("the first words of the next spec", Date.now() + 1_000);
    expect(evidenceText(evidenceOf(err)!)).to.equal("web wrote:\n  late words");
  });

  it("has each log once where it is attached again, as when a rejection comes before the last hook of its spec", async () => {
    const { stack } = runningStack();
    const recorder = recorderOf(stack);
    const err = new Error("expected 1, got 2");
    recorder.beginSpec();
    await recorder.attachTo({ err });
    await recorder.attachTo({ err });
    const { logs, attachments } = evidenceOf(err)!;
    expect({ logs: logs.length, attachments }).to.deep.equal({
      logs: 1,
      attachments: ["/srv/reports/logs/shop/web.log"],
    });
  });

  it("names the service that is paused", async () => {
    const { stack, paused } = runningStack();
    paused.push("web is paused");
    const err = new Error("no answer");
    await recorderOf(stack).attachTo({ err });
    expect(shownError(err)).to.have.property("message", "web is paused\n\nthe spec failed with: no answer");
  });

  it("has the last fifty lines of that", async () => {
    const { stack, write } = runningStack();
    const recorder = recorderOf(stack);
    const err = new Error("expected 1, got 2");
    recorder.beginSpec();
    const duringMs = Date.now();
    await recorder.attachTo({ err });
    for (let line = 1; line <= 60; line += 1) write(String(line), duringMs);
    const [web] = evidenceOf(err)!.logs;
    expect([web!.lines.length, web!.lines[0], web!.lines.at(-1)]).to.deep.equal([50, "11", "60"]);
  });

  it("has no more than 64 KiB of that, the last ones", async () => {
    const { stack, write } = runningStack();
    const recorder = recorderOf(stack);
    const err = new Error("expected 1, got 2");
    recorder.beginSpec();
    const duringMs = Date.now();
    await recorder.attachTo({ err });
    for (let line = 1; line <= 20; line += 1) write(`${line} ${"x".repeat(10_000)}`, duringMs);
    const [web] = evidenceOf(err)!.logs;
    expect([web!.lines.length, web!.lines.at(-1)!.slice(0, 4)]).to.deep.equal([6, "20 x"]);
  });

  it("names the log's file as the report does", async () => {
    const { stack } = runningStack();
    const recorder = recorderOf(stack);
    const err = new Error("expected 1, got 2");
    await recorder.attachTo({ err });
    expect(evidenceOf(err)!.attachments).to.deep.equal(["/srv/reports/logs/shop/web.log"]);
  });

  it("does not wait for late news of a death when no connection broke", async () => {
    const { stack, die } = runningStack();
    const err = new Error("expected 1, got 2");
    await recorderOf(stack).attachTo({ err });
    die(webDied());
    expect(evidenceOf(err)!.death).to.equal(undefined);
  });

  it("waits for what is said of a service that has exited, however long reading that takes", async () => {
    const { stack, exit, die } = runningStack();
    const err = new Error("expected 1, got 2");
    exit();
    const attached = recorderOf(stack).attachTo({ err });
    await new Promise((resolve) => setImmediate(resolve));
    die(webDied());
    await attached;
    expect(evidenceOf(err)!.death).to.equal(webDied().message);
  });

  it("waits as long for the news of the next death, where that of one came at once", async () => {
    const stacks = [runningStack(), runningStack()] as const;
    let [running] = stacks;
    const waits: number[] = [];
    const recorder = recordEvidence(
      () => [running.stack],
      (file) => file,
      () => undefined,
      (ms) => new Promise(() => waits.push(ms)),
    );
    for (running of stacks) {
      const attached = recorder.attachTo({ err: new Error("socket hang up") });
      running.die(webDied());
      await attached;
    }
    expect(waits.map((ms) => Math.round(ms / 100))).to.deep.equal([10, 10]);
  });

  /** What each of many failures waits, and how long they have taken. */
  const waitsOf = async (messages: readonly string[]): Promise<{ waits: number[]; tookMs: number }> => {
    const { stack } = runningStack();
    const fromMs = performance.now();
    const waits: number[] = [];
    const recorder = recordEvidence(
      () => [stack],
      (file) => file,
      () => undefined,
      async (ms) => waits.push(ms),
    );
    for (const message of messages) await recorder.attachTo({ err: new Error(message) });
    return { waits, tookMs: performance.now() - fromMs };
  };
  const many = (message: string): string[] => Array.from({ length: 500 }, () => message);
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

  for (const [what, message, atOnceMs] of [
    ["failures wait for news no longer than a second", "expected 1, got 2", 1_000],
    ["broken connections wait for news no longer than three seconds", "socket hang up", 3_000],
  ] as const)
    it(`makes many ${what} and a twentieth of the run's time in all`, async () => {
      const { waits, tookMs } = await waitsOf(many(message));
      expect(sum(waits)).to.be.within(100, atOnceMs + tookMs / 20);
    });

  it("waits as long for the news of a death, however many failures had nothing to do with one", async () => {
    const { waits } = await waitsOf([...many("expected 1, got 2"), "socket hang up"]);
    expect(waits.at(-1)).to.equal(1_000);
  });

  it("waits for nothing where there are no logs", async () => {
    const { promise: death } = Promise.withResolvers<StackspecError>();
    let hasWaited = false;
    const recorder = recordEvidence(
      () => [{ logs: new Map(), death, isDying: () => false, paused: () => [] }],
      (file) => file,
      () => undefined,
      async () => (hasWaited = true),
    );
    await recorder.attachTo({ err: new Error("socket hang up") });
    expect(hasWaited).to.equal(false);
  });

  it("leaves the error as it was thrown, and is one more property of it", async () => {
    const { stack, die } = runningStack();
    const recorder = recorderOf(stack);
    const err = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    const { message, stack: trace } = err;
    die(webDied());
    await recorder.attachTo({ err });
    expect({ message: err.message, trace: err.stack }).to.deep.equal({ message, trace });
    expect(Object.keys(err)).to.deep.equal(["code", "specEvidence"]);
  });

  it("is kept for an error that cannot be changed by having none", async () => {
    const recorder = recorderOf();
    const err = Object.freeze(new Error("expected 1, got 2"));
    await recorder.attachTo({ err });
    expect(evidenceOf(err)).to.equal(undefined);
  });
});

describe("the evidence of a stack that does not come up", () => {
  /** A start of the stack `shop`, and of another beside it, whose containers write; it fails. */
  const failedStart = async (writes: (write: Follower) => void): Promise<Error> => {
    const { stack, write } = runningStack();
    const recorder = recorderOf();
    const { promise, reject } = Promise.withResolvers<never>();
    const starting = recorder.watchStart("shop", promise);
    const log = stack.logs.get("web")!;
    recorder.hear({ kind: "log", stack: "shop", name: "db", log });
    recorder.hear({ kind: "log", stack: "another", name: "cache", log });
    recorder.hear({ kind: "node", stack: "shop", node: "service", name: "app", state: "failed", atMs: 1 });
    const err = new Error("app exited");
    reject(err);
    await starting.catch(() => {});
    // It comes here late.
    writes(write);
    return err;
  };

  it("has what each of its containers wrote until then, and no other stack's", async () => {
    const err = await failedStart((write) => {
      write("no such user", Date.now());
      write("shutting down", Date.now() + 10_000);
    });
    const written = evidenceOf(err)!.logs.map(({ service, lines }) => ({ service, lines }));
    expect(written).to.deep.equal([{ service: "db", lines: ["no such user"] }]);
  });

  it("is not for the terminal, which has the log of what failed", async () => {
    const err = await failedStart((write) => write("no such user", Date.now()));
    expect(evidenceText(evidenceOf(err)!)).to.equal("");
  });

  it("stays when a spec has started it", async () => {
    const err = await failedStart((write) => write("no such user", Date.now()));
    await recorderOf().attachTo({ err });
    expect(evidenceText(evidenceOf(err)!)).to.equal("db wrote:\n  no such user");
  });
});

describe("the evidence of a hook", () => {
  it("is there when all is said to be, and the next hook does not have it", async () => {
    const { stack, write } = runningStack();
    const recorder = recorderOf(stack);
    recorder.beginSpec();
    const duringMs = Date.now();
    recorder.add({ files: ["page.png"] });
    const err = new Error("no");
    recorder.attachLater(err);
    recorder.beginSpec();
    write("late words", duringMs);
    await recorder.settle();
    expect(evidenceText(evidenceOf(err)!)).to.equal("web wrote:\n  late words");
    expect(evidenceOf(err)!.attachments).to.include("/srv/page.png");
  });
});

describe("a spec whose connection broke", () => {
  for (const [name, err] of Object.entries({
    refused: Object.assign(new Error("connect"), { code: "ECONNREFUSED" }),
    reset: Object.assign(new Error("read"), { code: "ECONNRESET" }),
    "broken while it wrote": Object.assign(new Error("write"), { code: "EPIPE" }),
    "hung up": new Error("socket hang up"),
  }))
    it(`is told which service died under it, when that is heard of later: ${name}`, async () => {
      const { stack, die, followed } = runningStack();
      const recorder = recorderOf(stack);
      const attached = recorder.attachTo({ err });
      expect(followed()).to.equal(true);
      await new Promise((resolve) => setImmediate(resolve));
      die(webDied());
      await attached;
      expect((shownError(err) as Error).message).to.equal(
        `SERVICE_DIED: web: was ready and has exited since, with code 5\n\nthe spec failed with: ${err.message}`,
      );
    });

  it("is not told so twice, when the death is what it failed with", async () => {
    const { stack, die } = runningStack();
    const recorder = recorderOf(stack);
    const err = webDied();
    die(err);
    await recorder.attachTo({ err });
    expect((shownError(err) as Error).message).to.equal(err.message);
  });
});

describe("an error as it is shown", () => {
  it("has what comes below it after its stack trace", () => {
    const error = new Error("expected 1, got 2");
    expect((shownError(error, "→ GET /todos") as Error).stack).to.equal(`${error.stack}\n\n→ GET /todos`);
  });

  it("is of the same kind", () => {
    const error = new TypeError("expected 1, got 2");
    expect(shownError(error)).to.be.an.instanceOf(TypeError).and.to.include({ name: "TypeError" });
  });

  it("is what was thrown, when that is no error", () => {
    expect(shownError("nothing")).to.equal("nothing");
  });
});
