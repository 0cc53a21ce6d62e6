import { once } from "node:events";
import { Agent, get, request, type IncomingMessage } from "node:http";
import { connect, createServer, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { run, serve, type Served } from "./process.ts";

describe("the served app", function () {
  // Processes start slowly on a busy machine.
  this.timeout(30_000);

  let app: Served | undefined;
  afterEach(() => app?.child.kill("SIGKILL"));

  /** A request that has reached the app and now waits for its own body. */
  async function underWay(url: string) {
    const sent = request(`${url}/todos`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Expect: "100-continue" },
    });
    // Some of the specs end the app before they end this.
    sent.on("error", () => {});
    sent.flushHeaders();
    await once(sent, "continue");
    return sent;
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`exits 0 on ${signal}`, async () => {
      app = await serve();
      app.child.kill(signal);
      expect(await app.exited).to.equal(0);
    });
  }

  it("answers a request that is under way when it is told to stop", async () => {
    app = await serve();
    const sent = await underWay(app.url);
    app.child.kill("SIGTERM");
    await app.line("stopping");
    sent.end('{"title":"just in time"}');
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    expect(JSON.parse(await text(response))).to.include({ title: "just in time" });
    expect(await app.exited).to.equal(0);
  });

  it("takes a second signal for the first one", async () => {
    app = await serve();
    const sent = await underWay(app.url);
    app.child.kill("SIGINT");
    await app.line("stopping");
    app.child.kill("SIGINT");
    sent.end("{}");
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    expect(response.statusCode).to.equal(201);
  });

  it("takes no new connection once it is told to stop", async () => {
    app = await serve();
    const sent = await underWay(app.url);
    app.child.kill("SIGTERM");
    await app.line("stopping");
    await expect(fetch(app.url)).to.be.rejected.and.eventually.have.nested.property("cause.code", "ECONNREFUSED");
    sent.destroy();
  });

  it("exits 1 when a request does not end in time", async () => {
    app = await serve({ SHUTDOWN_TIMEOUT_MS: "50" });
    await underWay(app.url);
    app.child.kill("SIGTERM");
    const { error } = await app.line("stopped before all was finished");
    expect(error.message).to.equal("expected an end within 50 ms, got none");
    expect(await app.exited).to.equal(1);
  });

  it("does not wait for connections that nobody uses", async () => {
    app = await serve({ SHUTDOWN_TIMEOUT_MS: "60000" });
    const agent = new Agent({ keepAlive: true });
    const [response] = (await once(get(app.url, { agent }), "response")) as [IncomingMessage];
    await text(response);
    const silent = connect(Number(new URL(app.url).port), "127.0.0.1").on("error", () => {});
    await once(silent, "connect");
    // Answered after the silent connection was accepted: the kernel hands them over in their order.
    await fetch(app.url);
    app.child.kill("SIGTERM");
    expect(await app.exited).to.equal(0);
    agent.destroy();
  });

  it("logs a line for every request, without its query", async () => {
    app = await serve();
    await fetch(`${app.url}/nope?token=s3cret`);
    const line = await app.line("request");
    expect(line).to.include({ level: "info", method: "GET", path: "/nope", status: 404 });
    expect(line.durationMs).to.be.a("number");
  });

  it("says so when its port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await run(["serve"], { HOST: "127.0.0.1", PORT: String(port) });
    other.close();
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr: `todobackend: cannot listen: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
    });
  });

  it("hears a signal that comes before it listens", async () => {
    // Signals itself when it turns to its store: a process that nobody has told what to do then would be killed.
    const hook = encodeURIComponent(`
      import { registerHooks } from 'node:module';
      registerHooks({ resolve(name, context, next) {
        if (name.endsWith('/sqlite.ts')) process.kill(process.pid, 'SIGTERM');
        return next(name, context);
      } });`);
    const env = { HOST: "127.0.0.1", PORT: "0", NODE_OPTIONS: `--import=data:text/javascript,${hook}` };
    const { code, lines } = await run(["serve"], env);
    expect({ code, last: lines.at(-1)?.msg }).to.deep.equal({ code: 0, last: "stopped" });
  });

  it("loads the driver of MySQL only if it needs it", async () => {
    // A loader that reports what is loaded, before the app.
    const loader = encodeURIComponent(`
      import { registerHooks } from 'node:module';
      registerHooks({ resolve(name, context, next) {
        const found = next(name, context);
        if (found.url.includes('/mysql2/')) console.log('{ "msg": "mysql2" }');
        return found;
      } });`);
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${loader}` };
    const mysql = { MYSQL_HOST: "127.0.0.1", MYSQL_PORT: "1", MYSQL_DATABASE: "d", MYSQL_USER: "u" };
    const messages = async (more: object) => (await run(["migrate"], { ...env, ...more })).lines.map(({ msg }) => msg);
    expect(await messages({})).to.deep.equal(["migrated"]);
    expect(await messages(mysql)).to.include("mysql2");
  });
});
