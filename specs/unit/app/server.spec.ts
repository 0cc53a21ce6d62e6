import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { expect } from "chai";
import { Hono } from "hono";
import { createLog } from "../../../containers/app/src/log.ts";
import { startServer, type RunningServer } from "../../../containers/app/src/server.ts";
import type { Address } from "../../../containers/app/src/settings.ts";

describe("the server of the app", () => {
  let server: RunningServer;
  let logged: Promise<Record<string, unknown>>;
  afterEach(() => server.stop());

  async function start(app: Hono = new Hono(), address: Address = { host: "127.0.0.1", port: 0 }): Promise<void> {
    const line = Promise.withResolvers<Record<string, unknown>>();
    logged = line.promise;
    server = await startServer(
      app,
      address,
      createLog((json) => line.resolve(JSON.parse(json))),
    );
  }

  /** A connection on which a request was sent, word for word. */
  function send(request: string): Socket {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write(request);
    return socket;
  }

  /** An app with one answer at `/`, which it gives when it is told to. */
  function waiting() {
    const asked = Promise.withResolvers<void>();
    const told = Promise.withResolvers<void>();
    const app = new Hono().get("/", async (c) => {
      asked.resolve();
      await told.promise;
      return c.text("answer");
    });
    return { app, asked: asked.promise, answer: told.resolve };
  }

  it("closes a connection behind the last answer, also when its client would keep it", async () => {
    const { app, asked, answer } = waiting();
    await start(app);
    const request = "GET / HTTP/1.1\r\nHost: app\r\n\r\n";
    const client = send(request);
    // The first answer is written before this process reads it: what is asked then comes too late.
    client.once("data", () => client.write(request)).on("error", () => {});
    await asked;
    const stopped = server.stop();
    answer();
    const answers = (await text(client)).match(/HTTP\/1\.1 200 /g);
    await stopped;
    expect(answers).to.have.length(1);
  });

  it("waits for the requests under way however often it is told to stop", async () => {
    const { app, asked, answer } = waiting();
    await start(app);
    send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
    await asked;
    void server.stop();
    const happened: string[] = [];
    const stopped = server.stop().then(() => happened.push("stopped"));
    await setImmediate();
    happened.push("answers");
    answer();
    await stopped;
    expect(happened).to.deep.equal(["answers", "stopped"]);
  });

  it("answers HTTP/1.0, where a request need not name a host", async () => {
    await start(new Hono().get("/", (c) => c.text(c.req.url)));
    expect(await text(send("GET / HTTP/1.0\r\n\r\n"))).to.match(/^HTTP\/1\.1 200 [^]*\r\n\r\nhttp:\/\/localhost\/$/);
  });

  it("logs a request whose client went away as aborted", async () => {
    const { app, asked, answer } = waiting();
    await start(app);
    const client = send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
    await asked;
    client.destroy();
    expect(await logged).to.include({ msg: "request", path: "/", aborted: true });
    answer();
  });

  it("does not log a request as aborted that was answered", async () => {
    await start(new Hono().get("/", (c) => c.text("answer")));
    await text(send("GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n"));
    expect(await logged)
      .to.include({ msg: "request" })
      .and.not.to.have.property("aborted");
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
  (hasIpv6 ? it : it.skip)("puts an IPv6 address in brackets", async () => {
    await start(new Hono(), { host: "::1", port: 0 });
    expect(server.url).to.match(/^http:\/\/\[::1\]:\d+$/);
  });
});
