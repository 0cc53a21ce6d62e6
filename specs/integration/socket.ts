import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer, request } from "node:http";
import { connect, createServer } from "node:net";
import type { Server, Socket, TcpNetConnectOpts, IpcNetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engine } from "./engine.ts";

/** A socket that leads to the engine of these specs. */
export interface SocketToEngine {
  /** For `DOCKER_HOST`. */
  readonly address: string;
  /** From now on nobody answers there, and every connection is closed. */
  cut(): void;
}

/** A socket that passes everything on as it is. */
export async function socketToEngine(): Promise<SocketToEngine> {
  const target = await whereItIs();
  return listening(
    createServer({ allowHalfOpen: true }, (client) => {
      const behind = connect({ ...target, allowHalfOpen: true } as TcpNetConnectOpts | IpcNetConnectOpts).on(
        "error",
        () => {},
      );
      client.on("error", () => {}).once("close", () => behind.destroy());
      behind.once("close", () => client.destroy());
      client.pipe(behind).pipe(client);
    }),
  );
}

/**
 * A socket on which the engine lists nothing but what carries `label`: for a command that removes
 * whatever it finds, on an engine that others use too.
 */
export async function narrowSocketToEngine(label: string): Promise<SocketToEngine> {
  const { path, host, port } = await whereItIs();
  const target = path === undefined ? { host: host!, port: port! } : { socketPath: path };
  return listening(
    createHttpServer((incoming, outgoing) => {
      const url = new URL(incoming.url!, "http://engine");
      if (/\/(containers\/json|networks|volumes)$/.test(url.pathname) && incoming.method === "GET") {
        const filters = JSON.parse(url.searchParams.get("filters") ?? "{}") as { label?: string[] };
        url.searchParams.set("filters", JSON.stringify({ ...filters, label: [...(filters.label ?? []), label] }));
      }
      const { method, headers } = incoming;
      const passed = request({ ...target, method, headers, path: `${url.pathname}${url.search}` }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(passed.on("error", () => outgoing.destroy()));
    }),
  );
}

async function whereItIs(): Promise<{ path?: string; host?: string; port?: number }> {
  const { modem } = (await engine()) as unknown as { modem: { socketPath?: string; host: string; port: number } };
  return modem.socketPath === undefined ? { host: modem.host, port: modem.port } : { path: modem.socketPath };
}

async function listening(server: Server): Promise<SocketToEngine> {
  const folder = mkdtempSync(join(tmpdir(), "stackspec-engine-"));
  const path = join(folder, "docker.sock");
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await once(server.listen(path), "listening");
  return {
    address: `unix://${path}`,
    cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
