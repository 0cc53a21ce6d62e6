// Answers 200 to /health when what it needs takes connections.
import { createServer } from "node:http";
import { connect } from "node:net";

const NEEDS = { db: 5432, queue: 5672, cache: 6379 };

const takesConnections = (port, host) =>
  new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

createServer(async (_, response) => {
  const answers = Object.entries(NEEDS).map(async ([host, port]) => [host, await takesConnections(port, host)]);
  const health = Object.fromEntries(await Promise.all(answers));
  const status = Object.values(health).every(Boolean) ? 200 : 503;
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(health));
}).listen(8000);
process.on("SIGTERM", () => process.exit());
