import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { now, run } from "../child.ts";
import { composeProject, composeUp, probeOf, todobackendFile } from "../compose.ts";
import { untilAnswers } from "../programs/tell.ts";
import type { Project } from "./project.ts";

/** A stack as a compose file, its image built by the engine, its specs run by mocha alone with `URL`. */
export interface ComposeStack {
  readonly version: string;
  /** Builds the image of the application. */
  build(): Promise<void>;
  up(): Promise<void>;
  down(): Promise<void>;
  /** @param files patterns; by default all that there are */
  specs(files?: readonly string[]): Promise<void>;
}

/** @returns milliseconds */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = now();
  await work();
  return now() - before;
}

/** The todobackend: probe, `run collectstatic`, `run migrate`, `up nginx`. */
export async function todobackendByCompose(bench: Bench, project: Project): Promise<ComposeStack> {
  const image = `stackspec-bench/todobackend:${bench.id}`;
  const compose = await composeProject(bench, "todobackend", (port) => todobackendFile(bench, port, image));
  return {
    version: compose.version,
    async build() {
      await project.npm(["run", "build", "--workspace", "todobackend"]);
      await buildImage(bench, image, join(project.folder, "containers/app"));
    },
    up: () => composeUp(compose, bench.signal),
    down: async () => void (await compose.compose("down", "-v")),
    specs: (files = ["specs/acceptance/*.spec.ts"]) =>
      mochaAlone(bench, project, files, `http://127.0.0.1:${compose.port}/todos`),
  };
}

/** The shop on PostgreSQL, RabbitMQ and Redis: probe, `run migrate`, `up app`. */
export async function shopByCompose(bench: Bench, project: Project): Promise<ComposeStack> {
  const { images, labels } = bench;
  const image = `stackspec-bench/shop:${bench.id}`;
  const password = bench.environment["MYSQL_PASSWORD"];
  const needs = ["db", "queue", "cache"];
  const probe = probeOf({ db: 5432, queue: 5672, cache: 6379 });
  const sql = /"(CREATE TABLE .*)"\]/.exec(readFileSync(join(project.folder, "specs/stacks/shop.ts"), "utf8"))![1]!;
  const compose = await composeProject(bench, "shop", (port) => ({
    services: {
      db: {
        image: images.postgres,
        labels,
        environment: { POSTGRES_DB: "shop", POSTGRES_USER: "shop", POSTGRES_PASSWORD: password },
      },
      queue: { image: images.rabbitmq, labels, environment: { RABBITMQ_DEFAULT_PASS: password } },
      cache: { image: images.redis, labels },
      probe: { image: images.node, labels, depends_on: needs, command: ["node", "-e", probe] },
      migrate: {
        image: images.postgres,
        labels,
        environment: { PGPASSWORD: password },
        command: ["psql", "-h", "db", "-U", "shop", "-c", sql],
      },
      app: { image, labels, depends_on: needs, ports: [`127.0.0.1:${port}:8000`] },
    },
    networks: { default: { labels } },
  }));
  const url = `http://127.0.0.1:${compose.port}`;
  return {
    version: compose.version,
    build: () => buildImage(bench, image, join(project.folder, "specs/bench/programs/shop")),
    async up() {
      await compose.compose("run", "--rm", "-T", "probe");
      await compose.compose("run", "--rm", "-T", "migrate");
      await compose.compose("up", "-d", "app");
      await untilAnswers(`${url}/health`, bench.signal);
    },
    down: async () => void (await compose.compose("down", "-v")),
    specs: (files = ["specs/bench/programs/shop/specs.ts"]) => mochaAlone(bench, project, files, url),
  };
}

async function buildImage({ images, signal, runtime, atEnd }: Bench, image: string, folder: string): Promise<void> {
  await run("docker", ["build", "-q", "-t", image, "--build-arg", `BASE=${images.node}`, folder], { signal });
  atEnd(() => runtime.docker.getImage(image).remove({ force: true }));
}

async function mochaAlone(
  { signal }: Bench,
  { folder, environment }: Project,
  files: readonly string[],
  URL: string,
): Promise<void> {
  await run(join(folder, "node_modules/.bin/mocha"), files, {
    cwd: folder,
    environment: { ...environment, URL },
    signal,
  });
}
