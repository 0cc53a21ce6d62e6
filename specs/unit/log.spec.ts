import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import Dockerode from "dockerode";
import { demultiplex, followLog, readLogTail } from "../../src/engine/docker/log.ts";

/** A frame as the engine sends it: its stream, its length, its text. */
function frame(stream: 1 | 2, text: string | Buffer): Buffer {
  const content = Buffer.from(text);
  const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(content.length, 4);
  return Buffer.concat([head, content]);
}

/** A container whose log is `answer`, read by the real client of the engine. */
function containerWith(answer: PassThrough | Buffer): Dockerode.Container {
  const container = new Dockerode({ socketPath: "/nowhere" }).getContainer("some-container");
  return Object.assign(container, { logs: async () => answer });
}

describe("the log that the engine answers with", () => {
  it("is put together from its frames", () => {
    expect(demultiplex(Buffer.concat([frame(1, "one\n"), frame(2, "two\n")]))).to.equal("one\ntwo\n");
  });

  it("keeps a letter that is cut by a frame", () => {
    const raw = Buffer.concat([frame(1, "l"), frame(1, "ä"), frame(1, "den\n")]);
    expect(demultiplex(raw)).to.equal("läden\n");
  });

  it("is taken as it is when the container has a terminal", () => {
    expect(demultiplex(Buffer.from("one\r\ntwo\r\n"))).to.equal("one\r\ntwo\r\n");
  });

  it("may be empty", () => {
    expect(demultiplex(Buffer.alloc(0))).to.equal("");
  });

  it("may end in the middle of a frame", () => {
    expect(demultiplex(frame(1, "one\ntwo\n").subarray(0, 12))).to.equal("one\n");
  });

  it("is read without the line break at its end", async () => {
    await expect(readLogTail(containerWith(frame(1, "one\n")), 40)).to.eventually.equal("one");
  });
});

describe("a log that is followed", () => {
  /** What comes of a container that wrote `frames` and exited. */
  async function follow(frames: readonly Buffer[], file?: string) {
    const stream = new PassThrough();
    const log = await followLog(containerWith(stream), file);
    for (const each of frames) stream.write(each);
    stream.end();
    await log.ended;
    return log;
  }

  it("has the lines of both streams as they came", async () => {
    const log = await follow([frame(1, "one\n"), frame(2, "two\n"), frame(1, "three\n")]);
    expect(log.lines).to.deep.equal(["one", "two", "three"]);
  });

  it("puts a line together that came in parts", async () => {
    expect((await follow([frame(1, "o"), frame(1, "ne\ntwo")])).lines).to.deep.equal(["one", "two"]);
  });

  it("remembers the last 5000 lines", async () => {
    const lines = Array.from({ length: 5_002 }, (_, number) => `line ${number}`);
    const log = await follow([frame(1, lines.join("\n"))]);
    expect([log.lines.length, log.lines[0], log.count]).to.deep.equal([5_000, "line 2", 5_002]);
  });

  for (const [name, aheadMs] of [
    ["as this machine's", 0],
    ["behind", -3_600_000],
    ["ahead", 3_600_000],
  ] as const)
    it(`tells by this machine's clock when the engine got each line, if the engine's is ${name}`, async () => {
      const nowMs = Date.now();
      const frames = [0, 9_000, 5_000].map((beforeMs) =>
        frame(1, `${new Date(nowMs + aheadMs - beforeMs).toISOString()} ${beforeMs} before\n`),
      );
      const log = await follow(frames);
      const times: number[] = [];
      log.follow((_, atMs) => times.push(atMs));
      expect(times[0]).to.be.within(nowMs, Date.now());
      expect(times).to.deep.equal([0, 9_000, 5_000].map((beforeMs) => times[0]! - beforeMs));
    });

  it("does not show these times, and leaves a line's own", async () => {
    const log = await follow([frame(1, "2026-01-02T03:04:05.678901234Z 1970-01-01T00:00:00Z started\n")]);
    expect(log.lines).to.deep.equal(["1970-01-01T00:00:00Z started"]);
  });

  it("puts a long line together, whose parts have a time each", async () => {
    const frames = ["a lo", "ng l", "ine\n"].map((part) => frame(1, `2026-01-02T03:04:05.678901234Z ${part}`));
    expect((await follow(frames)).lines).to.deep.equal(["a long line"]);
  });

  it("keeps a letter that such parts cut in two", async () => {
    const stamp = Buffer.from("2026-01-02T03:04:05.678901234+02:00 ");
    const [head, tail] = [Buffer.from("lä").subarray(0, 2), Buffer.from("ä\n").subarray(1)];
    const frames = [head, tail].map((part) => frame(1, Buffer.concat([stamp, part])));
    expect((await follow(frames)).lines).to.deep.equal(["lä"]);
  });

  it("has the lines of a terminal, which come without frames", async () => {
    const lines = Buffer.from("2026-01-02T03:04:05Z one\r\n2026-01-02T03:04:06Z two\r\n");
    expect((await follow([lines])).lines).to.deep.equal(["one", "two"]);
  });

  it("tells a late follower of the lines before", async () => {
    const log = await follow([frame(1, "one\ntwo\n")]);
    const seen: string[] = [];
    log.follow((line) => seen.push(line));
    expect(seen).to.deep.equal(["one", "two"]);
  });

  it("tells a follower nothing more once it has stopped", async () => {
    const stream = new PassThrough();
    const log = await followLog(containerWith(stream), undefined);
    const seen: string[] = [];
    const stop = log.follow((line) => {
      seen.push(line);
      stop();
    });
    stream.end(frame(1, "one\ntwo\n"));
    await log.ended;
    expect(seen).to.deep.equal(["one"]);
  });

  it("is written to a file, in a folder that is made for it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "stackspec-log-"));
    try {
      const file = join(folder, "logs/shop/db.log");
      await follow([frame(1, "one\n"), frame(1, "mysql://todo:s3cret@db\n")], file);
      expect(await readFile(file, "utf8")).to.equal("one\nmysql://todo:***@db\n");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
