import { Readable } from "node:stream";
import { expect } from "chai";
import { isDenied } from "../../src/images/pull.ts";
import { pullMeter, readToEnd } from "../../src/images/stream.ts";

/** The engine's answer: a message a line. */
const answer = (...messages: object[]) => Readable.from(messages.map((message) => `${JSON.stringify(message)}\r\n`));

describe("the engine's answer to a pull or a build", () => {
  it("is what it printed, line by line", async () => {
    const stream = answer({ stream: "Step 1/2 : FROM debian\n" }, { status: "Pulling from library/debian" });
    expect(await readToEnd(stream, () => {})).to.deep.equal(["Step 1/2 : FROM debian", "Pulling from library/debian"]);
  });

  it("is told message by message", async () => {
    const seen: unknown[] = [];
    await readToEnd(answer({ status: "one" }, { status: "two" }), (message) => seen.push(message));
    expect(seen).to.deep.equal([{ status: "one" }, { status: "two" }]);
  });

  it("may come in any pieces", async () => {
    const stream = Readable.from(['{"status":"o', 'ne"}\n\n{"sta', 'tus":"two"}']);
    expect(await readToEnd(stream, () => {})).to.deep.equal(["one", "two"]);
  });

  it("fails when an error is in the middle of it", async () => {
    const stream = answer({ status: "one" }, { error: "no such host" }, { status: "two" });
    await expect(readToEnd(stream, () => {})).to.be.rejectedWith("no such host");
  });

  it("fails with the detail of the error, where there is one", async () => {
    const stream = answer({ error: "failed", errorDetail: { message: "dial tcp: lookup registry: no such host" } });
    await expect(readToEnd(stream, () => {})).to.be.rejectedWith("dial tcp: lookup registry: no such host");
  });

  it("fails with what was printed until then", async () => {
    const stream = answer({ stream: "Step 1/1 : RUN false\n" }, { error: "returned a non-zero code: 1" });
    await expect(readToEnd(stream, () => {})).to.be.rejected.and.eventually.have.deep.property("printed", [
      "Step 1/1 : RUN false",
    ]);
  });
});

describe("the meter of a pull", () => {
  const layer = (id: string, current: number | undefined, total: number) => ({
    id,
    progressDetail: { ...(current === undefined ? {} : { current }), total },
  });

  it("counts megabytes", () => {
    expect(pullMeter()(layer("a", 34_000_000, 120_000_000))).to.equal("34 of 120 MB");
  });

  it("adds up the layers", () => {
    const meter = pullMeter();
    meter(layer("a", 10_000_000, 20_000_000));
    expect(meter(layer("b", 1_000_000, 5_000_000))).to.equal("11 of 25 MB");
  });

  it("takes the last word on a layer", () => {
    const meter = pullMeter();
    meter(layer("a", 10_000_000, 20_000_000));
    expect(meter(layer("a", 20_000_000, 20_000_000))).to.equal("20 of 20 MB");
  });

  it("takes a layer that has not begun for 0", () => {
    expect(pullMeter()(layer("a", undefined, 20_000_000))).to.equal("0 of 20 MB");
  });

  for (const [name, message] of Object.entries({
    "without a layer": { status: "Pulling from library/mysql" },
    "without a size": { id: "a", progressDetail: {} },
  }))
    it(`says nothing of a message ${name}`, () => {
      expect(pullMeter()(message)).to.equal(undefined);
    });
});

describe("what an engine says of a registry", () => {
  for (const [said, isIt] of [
    ["pull access denied for secret, repository does not exist or may require 'docker login'", true],
    ["Get https://registry.test/v2/: unauthorized: incorrect username or password", true],
    ["received unexpected HTTP status: 403 Forbidden", true],
    ["invalid status code from registry 403", true],
    ["get access token: no such user (Docker 20.10.24 answered 401 to POST /auth)", true],
    ["manifest for registry.test/app:401 not found", false],
    ["dial tcp 127.0.0.1:40301: connect: connection refused", false],
  ] as const)
    it(`${isIt ? "is" : "is not"} that it lets nobody in: ${said}`, () => {
      expect(isDenied(said)).to.equal(isIt);
    });
});
