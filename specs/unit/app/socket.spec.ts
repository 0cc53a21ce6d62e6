import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { run, serve, type Served } from "./process.ts";

describe("the app on a unix socket", function () {
  // Processes start slowly on a busy machine.
  this.timeout(30_000);

  let folder: string;
  let path: string;
  let app: Served | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "todobackend-"));
    path = join(folder, "app.sock");
  });
  afterEach(async () => {
    app?.child.kill("SIGKILL");
    await rm(folder, { recursive: true });
  });

  async function statusOverSocket(): Promise<number | undefined> {
    const [response] = (await once(get({ socketPath: path, path: "/todos" }), "response")) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  }

  it("answers there", async () => {
    app = await serve({ SOCKET_PATH: path });
    expect(app.url).to.equal(`unix:${path}`);
    expect(await statusOverSocket()).to.equal(200);
  });

  it("lets every user connect", async () => {
    app = await serve({ SOCKET_PATH: path });
    expect(((await stat(path)).mode & 0o777).toString(8)).to.equal("666");
  });

  it("takes the place of one that was killed", async () => {
    const killed = await serve({ SOCKET_PATH: path });
    killed.child.kill("SIGKILL");
    await killed.exited;
    app = await serve({ SOCKET_PATH: path });
    expect(await statusOverSocket()).to.equal(200);
  });

  it("does not take the place of a file", async () => {
    await writeFile(path, "precious");
    const { code, stderr } = await run(["serve"], { SOCKET_PATH: path });
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr: `todobackend: cannot listen: listen EADDRINUSE: address already in use ${path}\n`,
    });
  });

  it("removes its socket when it stops", async () => {
    app = await serve({ SOCKET_PATH: path });
    app.child.kill("SIGTERM");
    await app.exited;
    await expect(stat(path)).to.be.rejected.and.eventually.have.property("code", "ENOENT");
  });
});
