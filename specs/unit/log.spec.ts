import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import Dockerode from "dockerode";
import { followLog, readLogTail } from "../../src/engine/docker/log.ts";

const NOON = Date.parse("2026-01-01T12:00:00Z");

/** A frame as the engine sends it: its stream, its length, and a message, which begins with the time that it came. */
function frame(stream: 1 | 2, text: string, atMs = NOON): Buffer {
  const content = Buffer.from(`${new Date(atMs).toISOString().replace("Z", "000000Z")} ${text}`);
  const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(content.length, 4);
  return Buffer.concat([head, content]);
}

/** A container whose log, read by the real client of the engine, is `whole` when it is read and `stream` when it is followed. */
function containerWith(whole: Buffer, stream?: PassThrough): Dockerode.Container {
  const container = new Dockerode({ socketPath: "/nowhere" }).getContainer("some-container");
  return Object.assign(container, {
    logs: async ({ follow }: { follow: boolean }) => (follow ? stream : whole),
    wait: async () => ({ StatusCode: 0 }),
  });
}

describe("the end of a log", () => {
  const tailOf = (...parts: readonly Buffer[]): Promise<string> => readLogTail(containerWith(Buffer.concat(parts)), 40);

  it("is put together from its frames", async () => {
    expect(await tailOf(frame(1, "one\n"), frame(2, "two\n"))).to.equal("one\ntwo");
  });

  it("keeps a letter that is cut by a frame", async () => {
    const [first, second] = [frame(1, "l\u00e4"), frame(1, "den\n")];
    // The letter's second byte comes in the frame behind.
    const cut = Buffer.from(first.subarray(0, -1));
    cut.writeUInt32BE(cut.length - 8, 4);
    const rest = Buffer.concat([second.subarray(0, -4), first.subarray(-1), second.subarray(-4)]);
    rest.writeUInt32BE(rest.length - 8, 4);
    expect(await tailOf(cut, rest)).to.equal("l\u00e4den");
  });

  it("is taken as it is when the container has a terminal", async () => {
    expect(await tailOf(Buffer.from("2026-01-01T12:00:00.000000000Z one\r\n2026-01-01T12:00:01.5Z two\r\n"))).to.equal(
      "one\ntwo",
    );
  });

  it("may be empty", async () => {
    expect(await tailOf()).to.equal("");
  });

  it("may end in the middle of a frame", async () => {
    expect(await tailOf(frame(1, "one\n"), frame(1, "two\n").subarray(0, 12))).to.equal("one");
  });

  it("is read without the line break at its end, and may have none", async () => {
    expect(await tailOf(frame(1, "one\n"))).to.equal("one");
    expect(await tailOf(frame(1, "one\n"), frame(1, "two"))).to.equal("one\ntwo");
  });

  it("keeps empty lines and what looks like a time in its text", async () => {
    const text = "2026-01-01T12:00:00Z is the time";
    expect(await tailOf(frame(1, `${text}\n`), frame(1, "\n"), frame(1, "end\n"))).to.equal(`${text}\n\nend`);
  });
});

describe("a log that is followed", () => {
  /** What comes of a container that wrote `frames`, which the engine shows who follows, and exited. */
  async function follow(frames: readonly Buffer[], file?: string, whole = frames) {
    const stream = new PassThrough();
    const log = await followLog(containerWith(Buffer.concat(whole), stream), file);
    for (const each of frames) stream.write(each);
    stream.end();
    await log.ended;
    return log;
  }

  function timesOf(log: Awaited<ReturnType<typeof followLog>>): number[] {
    const times: number[] = [];
    log.follow((_, atMs) => times.push(atMs));
    return times;
  }

  it("has the lines of both streams as they came", async () => {
    const log = await follow([frame(1, "one\n"), frame(2, "two\n"), frame(1, "three\n")]);
    expect(log.lines).to.deep.equal(["one", "two", "three"]);
  });

  it("puts a line together that came in parts", async () => {
    expect((await follow([frame(1, "o"), frame(1, "n"), frame(1, "e\n"), frame(1, "two\n")])).lines).to.deep.equal([
      "one",
      "two",
    ]);
  });

  it("has a last line without a line break", async () => {
    expect((await follow([frame(1, "one\n"), frame(1, "two")])).lines).to.deep.equal(["one", "two"]);
  });

  it("has a last line that the engine does not show who follows", async () => {
    const all = [frame(1, "one\n"), frame(1, "two\n", NOON + 1), frame(1, "three", NOON + 2)];
    expect((await follow(all.slice(0, 2), undefined, all)).lines).to.deep.equal(["one", "two", "three"]);
    expect((await follow([], undefined, all.slice(2))).lines).to.deep.equal(["three"]);
  });

  it("remembers the last 5000 lines", async () => {
    const lines = Array.from({ length: 5_002 }, (_, number) => `line ${number}`);
    const log = await follow(lines.map((line) => frame(1, `${line}\n`)));
    expect([log.lines.length, log.lines[0], log.count]).to.deep.equal([5_000, "line 2", 5_002]);
  });

  for (const [name, aheadMs] of [
    ["as this machine's", 0],
    ["behind", -3_600_000],
    ["ahead", 3_600_000],
  ] as const)
    it(`tells by this machine's clock when the engine got each line, if the engine's is ${name}`, async () => {
      const nowMs = Date.now();
      const frames = [0, 9_000, 5_000].map((beforeMs) => frame(1, `${beforeMs} before\n`, nowMs + aheadMs - beforeMs));
      const times = timesOf(await follow(frames));
      expect(times[0]).to.be.within(nowMs, Date.now());
      expect(times).to.deep.equal([0, 9_000, 5_000].map((beforeMs) => times[0]! - beforeMs));
    });

  it("takes the time of a line from its first part", async () => {
    const nowMs = Date.now();
    const frames = [frame(1, "now\n", nowMs), frame(1, "be", nowMs - 9), frame(1, "fore\n", nowMs)];
    const [now, before] = timesOf(await follow(frames));
    expect(now! - before!).to.equal(9);
  });

  it("tells a late follower of the lines before", async () => {
    const log = await follow([frame(1, "one\n"), frame(1, "two\n")]);
    const seen: string[] = [];
    log.follow((line) => seen.push(line));
    expect(seen).to.deep.equal(["one", "two"]);
  });

  it("tells a follower nothing more once it has stopped", async () => {
    const stream = new PassThrough();
    const log = await followLog(containerWith(Buffer.alloc(0), stream), undefined);
    const seen: string[] = [];
    const stop = log.follow((line) => {
      seen.push(line);
      stop();
    });
    stream.end(Buffer.concat([frame(1, "one\n"), frame(1, "two\n")]));
    await log.ended;
    expect(seen).to.deep.equal(["one"]);
  });

  it("remembers the beginning of a very long line, and says so", async () => {
    const [line] = (await follow([frame(1, `${"x".repeat(100_000)}\n`)])).lines;
    expect(line).to.equal(`${"x".repeat(64 * 1024)}… (cut: the line has 100000 characters)`);
  });

  it("remembers no more than eight million characters", async () => {
    const { lines, count } = await follow(Array.from({ length: 150 }, () => frame(1, `${"x".repeat(64 * 1024)}\n`)));
    expect([lines.length, count]).to.deep.equal([128, 150]);
  });

  describe("into a file", () => {
    let file = "";
    beforeEach("a folder", async () => {
      file = join(await mkdtemp(join(tmpdir(), "stackspec-log-")), "web.log");
    });
    afterEach("is gone", () => rm(dirname(file), { recursive: true }));

    it("has a very long line whole there", async () => {
      await follow([frame(1, `${"x".repeat(100_000)}\n`)], file);
      expect(await readFile(file, "utf8")).to.equal(`${"x".repeat(100_000)}\n`);
    });

    it("has its first 50 MiB there, and a note", async () => {
      const frames = Array.from({ length: 80 }, () => frame(1, `${"x".repeat(700_000)}\n`));
      await (
        await follow(frames, file)
      ).written;
      const written = await readFile(file, "utf8");
      expect(written.length).to.be.within(50 * 1024 * 1024, 50 * 1024 * 1024 + 100);
      expect(written.slice(-60)).to.match(/x… \(cut here: the first 50 MiB are kept\)\n$/);
    });

    it("ends there where it is cut, with a note", async () => {
      const stream = new PassThrough();
      const log = await followLog(containerWith(Buffer.alloc(0), stream), file);
      const shown = new Promise<void>((resolve) => log.follow((line) => line === "one" && resolve()));
      stream.write(frame(1, "one\n"));
      await shown;
      log.cut("enough");
      stream.end(frame(1, "two\n"));
      await log.ended;
      expect(await readFile(file, "utf8")).to.equal("one\n… (cut here: enough)\n");
    });
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
