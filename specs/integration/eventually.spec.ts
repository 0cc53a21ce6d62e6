import { expect } from "chai";
import { eventually, requireEngine } from "stackspec";
import { useRunning } from "./engine.ts";
import { tiny } from "./fixtures/tiny.ts";

const quits = `require("node:http").createServer((request, response) =>
  request.url === "/quit" ? process.exit(5) : response.end("here")).listen(8000)`;

describe("eventually", () => {
  requireEngine();
  const stack = useRunning(tiny("eventually", quits));

  it("ends at once when a service of a stack dies", async () => {
    const waiting = eventually(() => Promise.reject(new Error("not yet")), { timeoutMs: 2_147_483_647 });
    await Promise.all([
      expect(waiting).to.be.rejectedWith(/^SERVICE_DIED: web/),
      stack()
        .values.web.http.get("/quit")
        .catch(() => {}),
    ]);
  });
});
