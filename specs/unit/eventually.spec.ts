import { expect } from "chai";
import { StackspecError, eventually } from "stackspec";
import { poll } from "../../src/mocha/eventually.ts";

/** Throws these one after the other, then returns how often it was called. */
function failing(...failures: readonly string[]): () => number {
  let calls = 0;
  return () => {
    const failure = failures[calls];
    calls += 1;
    if (failure !== undefined) throw new Error(failure);
    return calls;
  };
}

const always = (message: string) => (): never => {
  throw new Error(message);
};
const briefly = { timeoutMs: 50, intervalMs: 1 };
const patiently = { timeoutMs: 2_147_483_647, intervalMs: 1 };

describe("what becomes true eventually", () => {
  it("is waited for, and its value handed on", async () => {
    expect(await eventually(failing("not yet", "not yet", "almost"), { intervalMs: 1 })).to.equal(4);
  });

  it("may be an assertion that is rejected until it holds", async () => {
    const status = failing("", "");
    await eventually(() => expect(Promise.resolve().then(status)).to.eventually.equal(3), { intervalMs: 1 });
  });

  it("is asked once when it is true already", async () => {
    expect(await eventually(failing())).to.equal(1);
  });

  it("may take longer than the spec's own timeout", async function () {
    this.timeout(20);
    await eventually(failing(...Array.from({ length: 10 }, () => "not yet")), { intervalMs: 10 });
    expect(this.timeout()).to.be.greaterThan(20);
  });

  it("leaves a spec without a timeout without one", async function () {
    this.timeout(0);
    await Promise.all([eventually(failing("a")), eventually(failing("b", "c"), { intervalMs: 1 })]);
    expect(this.timeout()).to.equal(0);
  });
});

describe("what does not become true", () => {
  it("is said with what was seen last, and how often", async () => {
    const failure = await poll(always("expected 1 to equal 2"), briefly, []).then(undefined, (error: unknown) => error);
    expect(failure).to.be.instanceOf(StackspecError);
    expect((failure as StackspecError).message).to.match(
      /^POLL_TIMEOUT: eventually: \d+ attempts? in 50 ms, at last: expected 1 to equal 2$/,
    );
    expect((failure as StackspecError).cause).to.have.property("message", "expected 1 to equal 2");
  });

  it("is said with what was seen before, each once in a row", async () => {
    const attempt = failing("no answer", "no answer", "500", ...Array.from({ length: 10_000 }, () => "503"));
    const failure = await poll(attempt, briefly, []).then(undefined, (error: StackspecError) => error.message);
    expect(failure).to.match(
      /at last: 503\nwhat was seen, and since when:\n +\d+ ms {2}no answer\n +\d+ ms {2}500\n +\d+ ms {2}503$/,
    );
  });

  it("is given up also while an attempt has no end", async () => {
    await expect(poll(() => new Promise(() => {}), briefly, [])).to.be.rejectedWith(
      "1 attempt in 50 ms, without an end",
    );
  });

  it("is given up at once when a service has died", async () => {
    const death = new StackspecError("SERVICE_DIED", "exited", { subject: "web" });
    const alive = new Promise<StackspecError>(() => {});
    await expect(poll(always("no answer"), patiently, [alive, Promise.resolve(death)])).to.be.rejectedWith(
      death.message,
    );
  });

  it("is given up at once when a service dies under an attempt that has no end", async () => {
    const dying = Promise.withResolvers<StackspecError>();
    const waiting = poll(() => new Promise(() => {}), patiently, [dying.promise]);
    dying.resolve(new StackspecError("SERVICE_DIED", "exited", { subject: "web" }));
    await expect(waiting).to.be.rejectedWith("SERVICE_DIED: web: exited");
  });
});
