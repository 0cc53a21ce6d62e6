import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { canInstallPackages, installPackages } from "../../src/images/apt.ts";
import type { Bench } from "./bench.ts";
import { now, run } from "./child.ts";
import type { Ended } from "./child.ts";
import { untilAnswers } from "./programs/tell.ts";
import type { Way } from "./ways.ts";

/** What waits for ports in a container of its own: asks every second, as wait_for, wait-for-it and dockerize do. */
export function probeOf(ports: Readonly<Record<string, number>>): string {
  return `const ask = ([[host, port] = [], ...rest]) => host
    ? require("node:net").connect(port, host, () => ask(rest)).on("error", () => setTimeout(ask, 1000, [[host, port], ...rest]))
    : process.exit(); ask(${JSON.stringify(Object.entries(ports))})`;
}

/** A compose file of one's own, and the port that its front is on. */
export interface ComposeProject {
  readonly port: number;
  readonly version: string;
  compose(...words: string[]): Promise<Ended>;
  /** Removes what it has made, also after the bench was told to end. */
  down(...words: string[]): Promise<Ended>;
}

/**
 * @param name a file of this name is made, and it is the project's
 * @param fileOn its content, as YAML or as data
 * @param folder what paths in it are relative to
 */
export async function composeProject(
  bench: Bench,
  name: string,
  fileOn: (port: number) => object | string,
  folder = bench.folder,
): Promise<ComposeProject> {
  const { signal, environment } = bench;
  const [command, ...first] = await findCompose(signal);
  const port = await freePort();
  const file = join(bench.folder, `${name}.yml`);
  const content = fileOn(port);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
  const project = ["-p", `stackspec-${name}-${bench.id}`, "--project-directory", folder, "-f", file];
  const { lines } = await run(command!, [...first, "version", "--short"], { signal });
  return {
    port,
    version: `${command === "docker" ? "docker compose" : command} ${lines[0] ?? ""}`.trim(),
    compose: (...words) => run(command!, [...first, ...project, ...words], { signal, environment }),
    down: (...words) => run(command!, [...first, ...project, "down", "-v", ...words], { environment }),
  };
}

/** Until `/todos` answers: a probe container, tasks by `run --rm`, then `up`. */
export async function composeUp({ compose, port }: ComposeProject, signal: AbortSignal): Promise<void> {
  await compose("run", "--rm", "-T", "probe");
  await compose("run", "--rm", "-T", "app", "collectstatic");
  await compose("run", "--rm", "-T", "app", "migrate");
  await compose("up", "-d", "nginx");
  await untilAnswers(`http://127.0.0.1:${port}/todos`, signal);
}

/** The way of teams with a compose file and a Makefile. */
export async function composeWay(bench: Bench): Promise<Way & { readonly version: string }> {
  const project = await composeProject(bench, "compose", (port) => todobackendFile(bench, port, bench.images.app));
  return {
    name: "compose",
    title: "docker compose: probe, run collectstatic, run migrate, up nginx",
    version: project.version,
    async sample() {
      const before = now();
      await composeUp(project, bench.signal);
      const readyMs = now() - before;
      await project.compose("down", "-v");
      return { readyMs, goneMs: now() - before };
    },
  };
}

/** A compose file is YAML, and JSON is YAML too. */
export function todobackendFile({ images, labels, environment }: Bench, port: number, app: string): object {
  const { MYSQL_PASSWORD, MYSQL_ROOT_PASSWORD } = environment;
  const database = { MYSQL_DATABASE: "todobackend", MYSQL_USER: "todo", MYSQL_PASSWORD };
  const webroot = "/var/www/todobackend";
  return {
    services: {
      db: { image: images.mysql, labels, environment: { ...database, MYSQL_ROOT_PASSWORD } },
      probe: { image: images.node, labels, depends_on: ["db"], command: ["node", "-e", probeOf({ db: 3306 })] },
      app: {
        image: app,
        labels,
        depends_on: ["db"],
        volumes: [`webroot:${webroot}`],
        environment: { ...database, MYSQL_HOST: "db", STATIC_ROOT: webroot, SOCKET_PATH: `${webroot}/app.sock` },
      },
      nginx: {
        image: images.nginx,
        labels,
        depends_on: ["app"],
        volumes: [`webroot:${webroot}:ro`],
        ports: [`127.0.0.1:${port}:8000`],
      },
    },
    volumes: { webroot: { labels } },
    networks: { default: { labels } },
  };
}

/** The plugin, the standalone program, or Debian's package of it, which is then installed. */
async function findCompose(signal: AbortSignal): Promise<string[]> {
  const candidates = [["docker", "compose"], ["docker-compose"]];
  const works = async ([command, ...words]: string[]): Promise<boolean> =>
    run(command!, [...words, "version"], { signal }).then(
      () => true,
      () => false,
    );
  for (const candidate of candidates) if (await works(candidate)) return candidate;
  signal.throwIfAborted();
  if (!canInstallPackages())
    throw new Error("neither docker compose nor docker-compose is here, nor may it be installed");
  await installPackages(["docker-compose"], signal);
  return ["docker-compose"];
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
