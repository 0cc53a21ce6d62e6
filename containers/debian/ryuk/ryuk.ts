// A reaper that speaks the protocol of testcontainers/ryuk. Every TCP line, `label=KEY=VALUE[&label=...]`, is a filter
// and is answered `ACK`. Once the last client has been gone for a while, whatever matches all conditions of any filter
// is removed: containers with their anonymous volumes, networks, volumes, images.
import { request, type IncomingMessage } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** What the engine tells of a container, network or image (by Id) or of a volume (by Name). */
interface Resource {
  readonly Id?: string;
  readonly Name?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** Paths of the engine's API; containers first, since what they use cannot be removed before them. */
const kinds = [
  { name: "containers", list: "/containers/json?all=1&", remove: (id: string) => `/containers/${id}?force=1&v=1` },
  { name: "networks", list: "/networks?", remove: (id: string) => `/networks/${id}` },
  { name: "volumes", list: "/volumes?", remove: (name: string) => `/volumes/${encodeURIComponent(name)}?force=1` },
  { name: "images", list: "/images/json?", remove: (id: string) => `/images/${id}?force=1` },
] as const;

const verbose = ["1", "true"].includes(process.env["RYUK_VERBOSE"] ?? "");
const port = Number(process.env["RYUK_PORT"] ?? 8080);
const removeRetries = Number(process.env["RYUK_REMOVE_RETRIES"] ?? 10);
const connectionTimeoutMs = milliseconds("RYUK_CONNECTION_TIMEOUT", "60s");
const reconnectionTimeoutMs = milliseconds("RYUK_RECONNECTION_TIMEOUT", "10s");
const requestTimeoutMs = milliseconds("RYUK_REQUEST_TIMEOUT", "10s");
const retryIntervalMs = milliseconds("RYUK_CHANGES_RETRY_INTERVAL", "1s");

/** Conditions as the engine wants them, `{"label":["KEY=VALUE"]}`; a filter that came twice is kept once. */
const filters = new Set<string>();
const removed = new Map<string, Set<string>>(kinds.map(({ name }) => [name, new Set<string>()]));

let clients = 0;
let stopping = false;
let pruning = setTimeout(prune, connectionTimeoutMs);

const server = createServer((socket) => {
  clearTimeout(pruning);
  clients += 1;
  debug(`client connected clients=${clients}`);
  createInterface({ input: socket }).on("line", (line) => addFilter(line, socket));
  socket.on("error", (error) => debug(`client error: ${error.message}`));
  socket.on("close", () => {
    clients -= 1;
    debug(`client disconnected clients=${clients}`);
    if (clients === 0) pruneIn(stopping ? 0 : reconnectionTimeoutMs);
  });
});

// Better no reaper than one that finds out too late that it cannot remove anything.
await engine("GET", "/version");
server.listen(port, () => {
  const { address, port: actualPort } = server.address() as AddressInfo;
  console.log(`Started address=[${address}]:${actualPort}`);
});

// A signal cuts the wait for a client that may come back short; it takes nothing away from one that is still there.
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    console.log(`${signal} received clients=${clients}`);
    stopping = true;
    if (clients === 0) pruneIn(0);
  });
}

/** A duration as Go writes it, such as `1m30s` or `500ms`. */
function milliseconds(variable: string, fallback: string): number {
  const value = process.env[variable] ?? fallback;
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) {
    throw new Error(`${variable}: expected a duration such as 10s, 500ms or 1m30s, got "${value}"`);
  }
  let total = 0;
  for (const [, amount, unit = ""] of value.matchAll(/([\d.]+)([a-z]+)/g)) {
    total += Number(amount) * (units[unit] ?? 0);
  }
  return total;
}

function debug(message: string): void {
  if (verbose) console.log(message);
}

function addFilter(line: string, socket: Socket): void {
  const conditions: Record<string, string[]> = {};
  for (const [key, value] of new URLSearchParams(line)) (conditions[key] ??= []).push(value);
  // Without a label the engine would list everything that it has.
  if (conditions["label"]?.every((label) => label !== "")) filters.add(JSON.stringify(conditions));
  else console.error(`ignored filter without a label: ${JSON.stringify(line)}`);
  debug(`filters ${[...filters].join(" ")}`);
  socket.write("ACK\n");
}

function pruneIn(delayMs: number): void {
  clearTimeout(pruning);
  pruning = setTimeout(prune, delayMs);
}

/** Sweeps until a sweep finds nothing: a container may have been on its way when its client died. */
async function prune(): Promise<void> {
  if (!server.listening) return; // at it already
  server.close();
  let left = filters.size > 0;
  for (let attempt = 0; left && attempt < removeRetries; attempt += 1) {
    const { found, failed } = await sweep();
    left = found > 0;
    if (failed > 0) await sleep(retryIntervalMs);
  }
  if (left) console.error(`gave up after ${removeRetries} sweeps`);
  console.log(`removed ${[...removed].map(([name, ids]) => `${name}=${ids.size}`).join(" ")}`);
  process.exit(0);
}

async function sweep(): Promise<{ found: number; failed: number }> {
  const counts = { found: 0, failed: 0 };
  for (const kind of kinds) {
    for (const filter of filters) {
      const failure = (subject: string) => (error: unknown) => {
        counts.failed += 1;
        counts.found += 1;
        console.error(`${subject}: ${error instanceof Error ? error.message : String(error)}`);
      };
      const listed = await engine("GET", `${kind.list}filters=${encodeURIComponent(filter)}`).catch(
        failure(`list ${kind.name}`),
      );
      await Promise.all(
        resources(listed).map(async (id) => {
          debug(`remove ${kind.name} ${id}`);
          counts.found += 1;
          await engine("DELETE", kind.remove(id)).then(
            () => removed.get(kind.name)?.add(id),
            failure(`remove ${kind.name} ${id}`),
          );
        }),
      );
    }
  }
  return counts;
}

/** What can be removed of an answer of the engine: not a reaper, and above all not this one. */
function resources(listed: unknown): string[] {
  const list = Array.isArray(listed) ? listed : (listed as { Volumes?: unknown } | undefined)?.Volumes;
  return ((list ?? []) as Resource[])
    .filter(({ Id, Labels }) => Labels?.["org.testcontainers.ryuk"] !== "true" && !Id?.startsWith(hostname()))
    .flatMap(({ Id, Name }) => Id ?? Name ?? []);
}

/** The JSON of the engine's answer. A resource that is gone already counts as removed. */
async function engine(method: "GET" | "DELETE", path: string): Promise<unknown> {
  const options = { socketPath: "/var/run/docker.sock", method, path, signal: AbortSignal.timeout(requestTimeoutMs) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(options, resolve).on("error", reject).end();
  });
  const status = response.statusCode ?? 0;
  const body = Buffer.concat(await response.toArray()).toString();
  if (status < 300) return body === "" ? undefined : JSON.parse(body);
  if (method === "DELETE" && status === 404) return undefined;
  throw new Error(`the engine answered ${status} ${body.trim()}`);
}
