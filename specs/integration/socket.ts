import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer, request } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket, TcpNetConnectOpts, IpcNetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engine } from "./engine.ts";

/** A socket that leads to the engine of these specs. */
export interface SocketToEngine {
  /** For `DOCKER_HOST`. */
  readonly address: string;
  /** Closes every connection; who comes back is answered. */
  drop(): void;
  /** From now on nobody answers there, and every connection is closed. */
  cut(): void;
}

/**
 * A socket that passes everything on as it is, and tells of each piece that is on its way to the engine.
 *
 * @param host an IP address to listen on, in place of a file's name: the engine is then taken for one on another machine
 */
export async function socketToEngine(onAsked: () => void = () => {}, host?: string): Promise<SocketToEngine> {
  const target = await whereItIs();
  return listening(
    createServer({ allowHalfOpen: true }, (client) => {
      const behind = connect({ ...target, allowHalfOpen: true } as TcpNetConnectOpts | IpcNetConnectOpts).on(
        "error",
        () => {},
      );
      client.on("error", () => {}).once("close", () => behind.destroy());
      behind.once("close", () => client.destroy());
      client.on("data", onAsked);
      client.pipe(behind).pipe(client);
    }),
    host,
  );
}

/** A request that is on its way to the engine. */
export interface Passing {
  readonly method: string;
  /** Changes count. */
  readonly url: URL;
  /** Given to whom has asked, once; what is answered here does not go to the engine. */
  answer(status: number, body?: object): void;
  /** Resolves when the engine's answer has been passed on whole, or has been broken off. */
  readonly answered: Promise<void>;
  /** Closes the connection in the middle of the engine's answer. */
  cut(): void;
}

/** A socket that shows each request to `look`, and passes it on when that has returned. */
export async function watchedSocketToEngine(look: (passing: Passing) => unknown): Promise<SocketToEngine> {
  const { path, host, port } = await whereItIs();
  const target = path === undefined ? { host: host!, port: port! } : { socketPath: path };
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { headers } = incoming;
    const method = incoming.method!;
    const url = new URL(incoming.url!, "http://engine");
    await look({
      method,
      url,
      answer: (status, body) => outgoing.writeHead(status).end(body && JSON.stringify(body)),
      answered: new Promise((resolve) => outgoing.once("close", resolve)),
      cut: () => outgoing.destroy(),
    });
    if (outgoing.headersSent || outgoing.destroyed) return void incoming.resume();
    const passed = request({ ...target, method, headers, path: `${url.pathname}${url.search}` }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers).flushHeaders();
      answer.on("error", () => outgoing.destroy()).pipe(outgoing);
    });
    outgoing.once("close", () => passed.destroy());
    incoming.pipe(passed.on("error", () => outgoing.destroy()));
  };
  return listening(createHttpServer((incoming, outgoing) => void pass(incoming, outgoing)));
}

/**
 * A socket on which the engine lists nothing but what carries `label`: for a command that removes
 * whatever it finds, on an engine that others use too.
 */
export function narrowSocketToEngine(label: string): Promise<SocketToEngine> {
  return watchedSocketToEngine(({ method, url }) => {
    if (method !== "GET" || !/\/(containers\/json|networks|volumes)$/.test(url.pathname)) return;
    const filters = JSON.parse(url.searchParams.get("filters") ?? "{}") as { label?: string[] };
    url.searchParams.set("filters", JSON.stringify({ ...filters, label: [...(filters.label ?? []), label] }));
  });
}

/** Where the engine listens, as this machine sees it. */
export async function whereItIs(): Promise<{ path?: string; host?: string; port?: number }> {
  const { modem } = (await engine()) as unknown as { modem: { socketPath?: string; host: string; port: number } };
  return modem.socketPath === undefined ? { host: modem.host, port: modem.port } : { path: modem.socketPath };
}

async function listening(server: Server, host?: string): Promise<SocketToEngine> {
  const folder = mkdtempSync(join(tmpdir(), "stackspec-engine-"));
  const path = join(folder, "docker.sock");
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await once(host === undefined ? server.listen(path) : server.listen(0, host), "listening");
  return {
    address: host === undefined ? `unix://${path}` : `tcp://${host}:${(server.address() as AddressInfo).port}`,
    drop,
    cut() {
      server.close();
      drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
