import { lstat, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { once } from "node:events";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { reasonOf, Unavailable } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Address } from "./settings.ts";

/** A server that listens. */
export type RunningServer = Readonly<{
  /** Such as `http://127.0.0.1:8000` or `unix:/run/app.sock`. */
  url: string;
  /** Refuses new connections, and waits until every request under way has been answered. */
  stop(): Promise<void>;
}>;

/**
 * Serves the app, and logs a line for every request.
 * @throws Unavailable if the address is taken or not permitted
 */
export async function startServer(app: Hono, address: Address, log: Log): Promise<RunningServer> {
  const server = createServer();
  logRequests(server, log);
  const listener = getRequestListener(app.fetch, {
    // The app may run inside somebody else's process.
    overrideGlobalObjects: false,
    // For HTTP/1.0, where a request need not name a host.
    hostname: "localhost",
    errorHandler: refuse,
  });
  server.on("request", listener);
  const close = gracefulClose(server);
  try {
    await listen(server, address);
  } catch (cause) {
    throw new Unavailable(`cannot listen: ${reasonOf(cause)}`, { cause });
  }
  return { url: urlOf(server), stop: close };
}

async function listen(server: Server, address: Address): Promise<void> {
  if ("socketPath" in address) {
    const path = address.socketPath;
    // One of ours that was killed leaves its socket behind. Nothing else is ours to remove.
    if ((await lstat(path).catch(() => undefined))?.isSocket()) await rm(path);
    // For everyone: a proxy in front runs as another user.
    server.listen({ path, readableAll: true, writableAll: true });
  } else {
    server.listen(address);
  }
  await once(server, "listening");
}

function gracefulClose(server: Server): () => Promise<void> {
  const sockets = new Set<Socket>();
  let closed: Promise<unknown> | undefined;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", (_request, response) => {
    // Else a client that keeps its connection alive keeps the server alive.
    response.once("close", () => closed && server.closeIdleConnections());
  });
  return async () => {
    closed ??= new Promise((resolve) => server.close(resolve));
    // Node counts a connection that has not sent a byte yet as a busy one.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    await closed;
  };
}

function logRequests(server: Server, log: Log): void {
  server.on("request", ({ method, url }, response) => {
    const started = performance.now();
    response.once("close", () => {
      // Without the query, which may hold what is not for a log.
      const path = url?.split("?", 1)[0];
      const durationMs = Math.round((performance.now() - started) * 10) / 10;
      const aborted = response.writableFinished ? {} : { aborted: true };
      log.info("request", { method, path, status: response.statusCode, durationMs, ...aborted });
    });
  });
}

/** Answers what never reaches the app: a Host header or a path that make no URL. */
function refuse(error: unknown): Response {
  return Response.json(
    { error: `expected a valid request, got: ${reasonOf(error)}` },
    { status: 400, headers: { "Access-Control-Allow-Origin": "*" } },
  );
}

function urlOf(server: Server): string {
  const address = server.address() as AddressInfo | string;
  if (typeof address === "string") return `unix:${address}`;
  return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
}
