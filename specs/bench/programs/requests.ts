/**
 * Run by `stackspec start` as a spec is: requests per second through `useTarget()`, and by `node:http` alone on one
 * connection that is kept open, in turn. Tells `ours` and `plain`.
 */
import http from "node:http";
import { text } from "node:stream/consumers";
import { useTarget } from "stackspec";
import { tell } from "./tell.ts";

const REQUESTS = 500;
const ROUNDS = 12;

type Send = (method: "GET" | "POST", path: string, todo?: object) => Promise<unknown>;

describe("requests", () => {
  const api = useTarget();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  const ways: Record<string, Send> = {
    ours: async (method, path, todo) =>
      (await (method === "GET" ? api.get(path) : api.post(path, todo))).body as unknown,
    plain: async (method, path, todo) => {
      const body = todo === undefined ? "" : JSON.stringify(todo);
      const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
      const request = http.request(`${api.url}${path}`, { method, agent, headers });
      request.end(body);
      const answer = await new Promise<http.IncomingMessage>((resolve, reject) =>
        request.once("response", resolve).once("error", reject),
      );
      return JSON.parse(await text(answer)) as unknown;
    },
  };

  it("are sent one after the other", async function () {
    this.timeout(0);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [name, send] of Object.entries(ways)) {
        const before = performance.now();
        for (let sent = 0; sent < REQUESTS; sent += 2) {
          await send("POST", "/todos", { title: "walk the dog" });
          await send("GET", "/todos");
        }
        // In the first round everything is compiled.
        if (round > 0) tell(name, String((REQUESTS * 1000) / (performance.now() - before)));
      }
  });
});
