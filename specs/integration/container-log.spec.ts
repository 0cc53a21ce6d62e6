import { expect } from "chai";
import { answers, defineStack, requireEngine } from "stackspec";
import { followLog, readLogTail } from "../../src/engine/docker/log.ts";
import type { Log } from "../../src/engine/docker/log.ts";
import { NODE, engine, script, useRunning } from "./engine.ts";

/** Writes the path of each request to its log; `/big` is a line that the engine cuts into several. */
const writes = `require("node:http").createServer(({ url }, response) => {
  process.stdout.write(url === "/big" ? "x".repeat(40_000) + "\\n" : url === "/last" ? url : url + "\\n");
  response.end();
  if (url === "/last") process.exit();
}).listen(8000)`;

describe("the log of a container", () => {
  requireEngine();
  const stack = useRunning(
    defineStack("logged", ({ service }) => ({
      web: service("web", ({ image }) => script(image, writes), {
        image: NODE,
        http: { port: 8000 },
        ready: answers("/"),
      }),
    })),
  );
  const container = async () => (await engine()).getContainer(stack().values.web.getId());
  const visit = (path: string) => stack().values.web.http.get(path);
  const shown = (log: Log, line: string): Promise<void> =>
    new Promise((resolve) => log.follow((each) => each === line && resolve()));

  it("is there from its first line", async () => {
    await visit("/early");
    const log = await followLog(await container(), undefined);
    await shown(log, "/early");
    expect(log.lines[0]).to.equal("/");
  });

  it("is followed from now on where an earlier run has the rest", async () => {
    await visit("/earlier");
    await shown(await followLog(await container(), undefined), "/earlier");
    const log = await followLog(await container(), undefined, "now");
    await visit("/now");
    await shown(log, "/now");
    expect(log.lines).to.deep.equal(["/now"]);
  });

  it("is told by the time of its lines", async () => {
    await visit("/before");
    await shown(await followLog(await container(), undefined), "/before");
    const nowMs = Date.now() + 1;
    while (Date.now() < nowMs);
    await visit("/after");
    const log = await followLog(await container(), undefined);
    await shown(log, "/after");
    const since: string[] = [];
    log.follow((line, atMs) => atMs >= nowMs && since.push(line));
    expect(since).to.deep.equal(["/after"]);
  });

  it("has a long line whole", async () => {
    await visit("/big");
    const line = "x".repeat(40_000);
    await shown(await followLog(await container(), undefined), line);
    const { length } = (await readLogTail(await container(), 40)).split("\n").find((each) => each === line) ?? "";
    expect(length).to.equal(40_000);
  });

  it("has its last line, though that has no line break", async () => {
    const log = await followLog(await container(), undefined);
    await visit("/last").catch(() => {});
    await log.ended;
    expect(log.lines.at(-1)).to.equal("/last");
    expect(await readLogTail(await container(), 1)).to.equal("/last");
  });
});
