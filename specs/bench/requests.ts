import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { run } from "./child.ts";
import type { RequestRates } from "./results.ts";

const TODO = JSON.stringify({ id: 1, title: "walk the dog", completed: false, order: null, url: "/todos/1" });

/** Requests per second of the client that specs have, and of `node:http` alone, to a server that answers at once. */
export async function measureRequests(signal: AbortSignal): Promise<RequestRates> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      response.writeHead(request.method === "POST" ? 201 : 200, { "Content-Type": "application/json" }).end(TODO);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const words = ["-C", "development", "src/cli/main.ts", "start", "specs/bench/programs/requests.ts"];
    const { told } = await run(process.execPath, words, {
      environment: { URL: `http://127.0.0.1:${port}`, JUNIT_REPORT_PATH: "reports/bench/requests.xml", CI: "" },
      signal,
    });
    return { ours: (told.get("ours") ?? []).map(Number), plain: (told.get("plain") ?? []).map(Number) };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
