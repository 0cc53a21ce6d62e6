import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { pipeline } from "node:stream";

/**
 * Answers on a port of this machine's loopback interface by what another port answers: the port that a container had before
 * the engine gave it another.
 *
 * @returns ends it, with all its connections
 * @throws Error `EADDRINUSE`
 */
export async function forwardPort(from: number, to: number, host: string): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: to, host, allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    // What breaks one of them breaks the other.
    pipeline(near, far, () => {});
    pipeline(far, near, () => {});
  });
  server.listen(from, "127.0.0.1");
  await once(server, "listening");
  // The run does not wait for who is connected.
  server.unref();
  return async () => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
}
