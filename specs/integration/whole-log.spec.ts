import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { answers, defineStack, requireEngine } from "stackspec";
import { isPodman } from "../../src/engine/docker/answers.ts";
import { connectEngine } from "../../src/engine/docker/connect.ts";
import { openSession } from "../../src/engine/run/session.ts";
import { NODE, script, configIn } from "./engine.ts";

/** Answers when all is written. */
const writes = `require("node:http").createServer(({ url }, response) => {
  if (url !== "/write") return response.end();
  process.stdout.write(("x".repeat(99) + "\\n").repeat(100_000) + "the last line\\n", () => response.end());
}).listen(8000)`;

describe("what a service has written just before it is stopped", function () {
  this.timeout(120_000);
  requireEngine();

  it("is in its log's file, whole", async function () {
    // Who follows a log there is not given all of much that is written at once: 2 to 8 of 10 MB, by its own `logs -f` too.
    if (isPodman(await connectEngine())) this.skip();
    const logs = await mkdtemp(join(tmpdir(), "stackspec-whole-log-"));
    const config = configIn(logs, { STACKSPEC_SNAPSHOTS: "off" });
    const session = openSession(config);
    const name = `whole-log-${randomUUID().slice(0, 8)}`;
    try {
      const { values } = await session.start(
        defineStack(name, ({ service }) => ({
          web: service("web", ({ image }) => script(image, writes), {
            image: NODE,
            http: { port: 8000 },
            ready: answers("/"),
          }),
        })),
      );
      // While it writes, this process hears nothing of it, as one that is busy.
      const url = `http://${values.web.getHost()}:${values.web.getMappedPort(8000)}/write`;
      execFileSync(process.execPath, ["--eval", `fetch("${url}")`]);
      await session.close();
      const log = await readFile(join(logs, "logs", name, "web.log"), "utf8");
      expect([log.length, log.slice(-15)]).to.deep.equal([10_000_014, "\nthe last line\n"]);
    } finally {
      await session.close();
      await rm(logs, { recursive: true });
    }
  });
});
