import type { IncomingMessage } from "node:http";

/** A container or network (by Id) or a volume (by Name), as the engine lists them. */
interface Listed {
  readonly Id?: string;
  readonly Name?: string;
}

/**
 * What a reaper does in its container, where the engine's socket is and nothing of ours: its text is handed to Node there
 * (`String(reap)`), so it needs nothing that stands outside of it. It says `word` once it can reach the engine that it runs on, waits
 * for the end of its input, then for `graceMs`, and removes what carries `label` (`KEY=VALUE`) until nothing more appears.
 */
export async function reap(word: string, label: string, graceMs: number): Promise<void> {
  const { request } = await import("node:http");
  const { hostname } = await import("node:os");
  const { setTimeout: sleep } = await import("node:timers/promises");
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));

  async function ask(method: "GET" | "POST" | "DELETE", path: string): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = { socketPath: "/var/run/docker.sock", method, path, signal: AbortSignal.timeout(10_000) };
    request(options, resolve).once("error", reject).end();
    const answer = await promise;
    const body = Buffer.concat(await answer.toArray()).toString();
    if (answer.statusCode! >= 300) throw new Error(`the engine answered ${answer.statusCode} ${body.trim()}`);
    return body === "" ? undefined : JSON.parse(body);
  }
  async function list(path: string): Promise<string[]> {
    const found = (await ask("GET", `${path}filters=${filters}`)) as Listed[] | { Volumes?: Listed[] };
    return (Array.isArray(found) ? found : (found.Volumes ?? [])).map(({ Id, Name }) => Id ?? Name!);
  }
  /** Returns how many things it has found. Containers first: networks and volumes in use cannot go. */
  async function sweep(): Promise<number> {
    const containers = await list("/containers/json?all=1&");
    // Podman would ask each to end, and wait for ten seconds.
    await Promise.allSettled(containers.map((id) => ask("POST", `/containers/${id}/kill`)));
    await Promise.allSettled(containers.map((id) => ask("DELETE", `/containers/${id}?force=1&v=1`)));
    const [networks, volumes] = await Promise.all([list("/networks?"), list("/volumes?")]);
    await Promise.allSettled([
      ...networks.map((id) => ask("DELETE", `/networks/${id}`)),
      ...volumes.map((name) => ask("DELETE", `/volumes/${encodeURIComponent(name)}?force=1`)),
    ]);
    return containers.length + networks.length + volumes.length;
  }

  // Another one, at another socket, has no such container.
  await ask("GET", `/containers/${hostname()}/json`);
  console.log(word);
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once("end", resolve).once("error", resolve));
  // Whose connection was not the one that has closed hears of it, and puts another reaper here.
  console.log("alone");
  await sleep(graceMs);
  // A creation that the engine was busy with appears only afterwards; an engine that is away comes back, or never.
  for (let idle = 0, rounds = 600; idle < 5 && rounds > 0; rounds -= 1) {
    idle = (await sweep().catch(() => 1)) === 0 ? idle + 1 : 0;
    await sleep(1_000);
  }
}
