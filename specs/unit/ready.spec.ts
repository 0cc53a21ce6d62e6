import { createServer } from "node:net";
import type { Socket } from "node:net";
import { expect } from "chai";
import { acceptsSql, answers, healthy, listens, logs } from "stackspec";
import type { Probe } from "stackspec";
import type { Log } from "../../src/engine/docker/log.ts";
import { untilReady } from "../../src/engine/container/ready.ts";
import { mysql } from "../../src/engine/drivers/mysql/mysql.ts";
import type { Probed } from "../../src/engine/container/ready.ts";
import { listen, serveHttp } from "./server.ts";
import type { Listening } from "./server.ts";

/** A log that shows these lines. */
const logOf = (...lines: string[]): Log => ({
  lines,
  count: lines.length,
  file: undefined,
  follow(onLine) {
    for (const line of lines) onLine(line, Date.now());
    return () => {};
  },
  ended: new Promise(() => {}),
  written: new Promise<void>(() => {}),
  cut() {},
});

const probed = (facts: Partial<Probed>): Probed => ({
  name: "web",
  host: "127.0.0.1",
  log: logOf(),
  hostPort: (port) => port,
  exposedPorts: [],
  httpPort: undefined,
  startTimeoutMs: 120_000,
  askServer: undefined,
  health: async () => "healthy",
  noted: () => {},
  ...facts,
});

/** Waits with no end but the answer. */
const ready = (probe: Probe, facts: Partial<Probed>) => untilReady(probe, probed(facts), new AbortController().signal);

/** What a probe notes first about a service that is not ready; the wait is ended then. */
async function firstNote(probe: Probe, facts: Partial<Probed>): Promise<string> {
  const enough = new AbortController();
  const notes: string[] = [];
  const noted = (answer: string): void => {
    notes.push(answer);
    enough.abort(new Error("enough"));
  };
  await expect(untilReady(probe, probed({ ...facts, noted }), enough.signal)).to.be.rejectedWith(/enough|abort/);
  return notes[0]!;
}

describe("a service that is to answer", () => {
  let server: Awaited<ReturnType<typeof serveHttp>>;
  let asked = 0;

  before("serve", async () => {
    server = await serveHttp((request, response) => {
      asked += 1;
      if (request.url === "/moved") response.writeHead(302, { Location: "/" });
      else response.writeHead(request.url === "/late" && asked < 3 ? 503 : 200);
      response.end("at your service");
    });
  });
  after("stop", () => server.close());
  beforeEach(() => (asked = 0));
  const facts = () => ({ httpPort: server.port });

  it("is ready when it answers 200", async () => {
    await expect(ready(answers("/"), facts())).to.be.fulfilled;
  });

  it("is ready when it answers what is expected of it", async () => {
    await expect(ready(answers("/moved", { status: 302, body: /service$/ }), facts())).to.be.fulfilled;
  });

  it("is asked until it answers so", async () => {
    await ready(answers("/late"), facts());
    expect(asked).to.equal(3);
  });

  it("is asked on its first exposed port when it has none for HTTP", async () => {
    await expect(ready(answers("/"), { exposedPorts: [server.port, 1] })).to.be.fulfilled;
  });

  it("is noted for another status", async () => {
    await expect(firstNote(answers("/", { status: 204 }), facts())).to.eventually.equal(
      "GET / answered 200, expected 204: at your service",
    );
  });

  it("is noted for another body", async () => {
    await expect(firstNote(answers("/", { body: /welcome/ }), facts())).to.eventually.equal(
      "GET / answered 200, expected 200 with a body like /welcome/: at your service",
    );
  });

  it("is noted for not answering", async () => {
    await expect(firstNote(answers("/"), { httpPort: 1 })).to.eventually.include("ECONNREFUSED");
  });

  describe("and gives another status", () => {
    /** A server that answers these, one after the other, and then 200. */
    const answering = (...statuses: readonly number[]) =>
      serveHttp((_, response) => response.writeHead(statuses[asked++] ?? 200).end("not here"));
    /** What becomes of the wait for it, where the start has this time. */
    const waitFor = async (
      startTimeoutMs: number,
      statuses: readonly number[],
      probe = answers("/"),
    ): Promise<void> => {
      const other = await answering(...statuses);
      try {
        await ready(probe, { httpPort: other.port, startTimeoutMs });
      } finally {
        await other.close();
      }
    };
    const always = (status: number): number[] => Array.from({ length: 10_000 }, () => status);

    it("is not waited for when that is the same 4xx since its first answer, for a quarter of the time", async () => {
      await expect(waitFor(400, always(404))).to.be.rejectedWith(
        /^REQUEST_REFUSED: web: since its first answer, for 0.1 s, GET \/ answered 404, expected 200: not here — correct the path/,
      );
    });

    it("is waited for while it may still be loading what it will serve", async () => {
      await expect(waitFor(120_000, [404, 404, 404])).to.be.fulfilled;
    });

    it("is waited for when it has given another status before", async () => {
      await expect(waitFor(0, [503, 404, 404, 404])).to.be.fulfilled;
    });

    for (const status of [500, 503, 302, 408, 425, 429])
      it(`is waited for when that is ${status}`, async () => {
        await expect(waitFor(0, [status, status, status])).to.be.fulfilled;
      });

    it("is ready when that is the declared one", async () => {
      await expect(waitFor(0, [404], answers("/", { status: 404, body: /not here/ }))).to.be.fulfilled;
    });
  });

  it("is not waited for when it has no port to ask", async () => {
    await expect(ready(answers("/"), {})).to.be.rejectedWith(
      "WRONG_ANSWER: web: no port is exposed: set the service's option http: { port }",
    );
  });
});

describe("a service that is to listen", () => {
  const open: Listening[] = [];
  /** A port on which connections are treated like this. */
  const portThat = async (treat: (socket: Socket) => void = () => {}): Promise<number> => {
    const listening = await listen(createServer(treat));
    open.push(listening);
    return listening.port;
  };
  let waiting = 0;
  let greeting = 0;
  let closing = 0;

  before("listen", async () => {
    waiting = await portThat();
    greeting = await portThat((socket) => void socket.on("error", () => {}).write("hello\n"));
    // As Docker's proxy does for a container that does not listen yet.
    closing = await portThat((socket) => void socket.destroy());
  });
  after("stop", () => Promise.all(open.map((each) => each.close())));

  it("is ready when a connection stays open", async () => {
    await expect(ready(listens(waiting), {})).to.be.fulfilled;
  });

  it("is ready when it says something", async () => {
    await expect(ready(listens(greeting), {})).to.be.fulfilled;
  });

  it("is ready when all its exposed ports are", async () => {
    await expect(ready(listens(), { exposedPorts: [waiting, greeting] })).to.be.fulfilled;
  });

  it("is not ready when one of them is not", async () => {
    await expect(firstNote(listens(), { exposedPorts: [waiting, closing] })).to.eventually.equal(
      `nothing listens on port ${closing}`,
    );
  });

  it("is not ready when the connection is closed at once", async () => {
    await expect(firstNote(listens(closing), {})).to.eventually.equal(`nothing listens on port ${closing}`);
  });

  it("is not ready when the connection is refused", async () => {
    await expect(firstNote(listens(1), {})).to.eventually.include("nothing listens on port 1: connect ECONNREFUSED");
  });

  it("is asked on the host's port for the container's", async () => {
    await expect(ready(listens(3306), { hostPort: () => waiting })).to.be.fulfilled;
  });
});

describe("a service that is to write a line", () => {
  it("is ready when it has", async () => {
    await expect(ready(logs(/ready/), { log: logOf("starting", "ready for connections") })).to.be.fulfilled;
  });

  it("is ready when it has as often as is asked", async () => {
    await expect(ready(logs(/ready/, 2), { log: logOf("ready", "stopped", "ready") })).to.be.fulfilled;
  });

  /** What is noted until the wait is ended. */
  const notesOf = async (probe: Probe, log: Log): Promise<string[]> => {
    const enough = new AbortController();
    const notes: string[] = [];
    const waiting = untilReady(probe, probed({ log, noted: (note) => void notes.push(note) }), enough.signal);
    enough.abort(new Error("enough"));
    await expect(waiting).to.be.rejectedWith("enough");
    return notes;
  };

  it("is noted for not having yet", async () => {
    const notes = await notesOf(logs(/ready/), logOf("starting"));
    expect(notes).to.deep.equal(["the log has not shown /ready/ yet"]);
  });

  it("is noted for having less often", async () => {
    const notes = await notesOf(logs(/ready/, 2), logOf("ready", "stopped"));
    expect(notes.at(-1)).to.equal("the log has shown /ready/ 1 of 2 times");
  });

  it("counts each line, also for a pattern that remembers its place", async () => {
    await expect(ready(logs(/ready/g, 3), { log: logOf("ready", "ready", "ready") })).to.be.fulfilled;
  });
});

describe("a service with a health check", () => {
  it("is ready when that says healthy", async () => {
    await expect(ready(healthy(), {})).to.be.fulfilled;
  });

  it("is waited for while that says starting", async () => {
    const states = ["starting", "starting", "healthy"];
    await expect(ready(healthy(), { health: async () => states.shift()! })).to.be.fulfilled;
  });

  it("is not waited for when that says unhealthy", async () => {
    await expect(ready(healthy(), { health: async () => "unhealthy" })).to.be.rejectedWith(
      "UNHEALTHY: web: expected a healthy container, its health check says unhealthy",
    );
  });
});

describe("a database server", () => {
  it("is not ready while nothing listens on its port", async () => {
    const askServer = () => mysql.ask!({ host: "127.0.0.1", port: 1, environment: {}, command: [] });
    await expect(firstNote(acceptsSql(), { askServer })).to.eventually.include("ECONNREFUSED");
  });

  it("is ready when its driver has nothing to say against it", async () => {
    const said = [new Error("not yet"), undefined];
    await expect(ready(acceptsSql(), { askServer: async () => said.shift() })).to.be.fulfilled;
  });

  it("is not waited for where no driver knows it", async () => {
    await expect(ready(acceptsSql(), {})).to.be.rejectedWith(
      "SQL_REFUSED: web: nothing is known of a server of this class and image",
    );
  });
});
