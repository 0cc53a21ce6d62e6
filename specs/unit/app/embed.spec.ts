import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { startEmbedded } from "todobackend/embed";
import { send } from "./client.ts";

describe("the embedded app", () => {
  it("listens on loopback only", async () => {
    const app = await startEmbedded();
    expect(app.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    await app.stop();
  });

  it("shares nothing with another one", async () => {
    const [one, other] = await Promise.all([startEmbedded(), startEmbedded()]);
    await send("POST", `${one.url}/todos`, { title: "mine" });
    expect((await send("GET", `${other.url}/todos`)).body).to.deep.equal([]);
    await Promise.all([one.stop(), other.stop()]);
  });

  it("does not answer any more once it is stopped", async () => {
    const app = await startEmbedded();
    await app.stop();
    await expect(fetch(app.url)).to.be.rejected.and.eventually.have.nested.property("cause.code", "ECONNREFUSED");
  });

  it("may be stopped twice", async () => {
    const app = await startEmbedded();
    await app.stop();
    expect(await app.stop()).to.equal(undefined);
  });

  it("closes its file when it is stopped", async () => {
    const folder = await mkdtemp(join(tmpdir(), "todobackend-"));
    const path = join(folder, "todos.sqlite");
    const db = new DatabaseSync(path);
    // In this mode SQLite has files beside it, which the last one to close it removes.
    db.exec("PRAGMA journal_mode = WAL");
    db.close();
    const app = await startEmbedded({ sqlitePath: path });
    await send("POST", `${app.url}/todos`, {});
    await app.stop();
    const files = await readdir(folder);
    await rm(folder, { recursive: true });
    expect(files).to.deep.equal(["todos.sqlite"]);
  });

  it("leaves the globals of its host as they are", async function () {
    // All that it imports is compiled anew there.
    this.timeout(30_000);
    // In a thread, where no other spec has been before: each has globals of its own.
    const code = `const { parentPort, workerData } = require("node:worker_threads");
      const { Request, Response } = globalThis;
      import(workerData).then(async ({ startEmbedded }) => {
        const app = await startEmbedded();
        parentPort.postMessage([globalThis.Request === Request, globalThis.Response === Response]);
        await app.stop();
      });`;
    const host = new Worker(code, { eval: true, workerData: import.meta.resolve("todobackend/embed") });
    // It may send its message and be gone in the same moment.
    const [message] = await Promise.all([once(host, "message"), once(host, "exit")]);
    expect(message).to.deep.equal([[true, true]]);
  });
});
