import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo, Server } from "node:net";

/** A server on a free port, and the release of it. */
export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves HTTP until it is closed. */
export async function serveHttp(listener: RequestListener): Promise<Listening & { readonly url: string }> {
  const server = createServer(listener);
  const listening = await listen(server);
  return {
    port: listening.port,
    url: `http://127.0.0.1:${listening.port}`,
    close() {
      server.closeAllConnections();
      return listening.close();
    },
  };
}

/** Has a server listen, by default on the loopback interface. */
export async function listen(server: Server, host = "127.0.0.1"): Promise<Listening> {
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      await once(server, "close");
    },
  };
}
