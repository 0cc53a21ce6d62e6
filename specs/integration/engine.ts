import { setTimeout as sleep } from "node:timers/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type Dockerode from "dockerode";
import { StackspecError, startStack } from "stackspec";
import type { Exports, RunningStack, Stack } from "stackspec";
import { GenericContainer, getContainerRuntimeClient } from "testcontainers";
import { readConfig } from "../../src/config/config.ts";
import type { Config } from "../../src/config/config.ts";
import { openSession } from "../../src/engine/run/session.ts";
import type { Session } from "../../src/engine/run/session.ts";
import { imageResolver } from "../../src/images/resolve.ts";
import type { StartedStack } from "../../src/engine/run/started-stack.ts";
import { run } from "../../src/mocha/run.ts";

/** The cheapest image there is: everything that is not about a certain image runs on it. */
export const NODE = "node:24-slim";
export const STACK_LABEL = "dev.stackspec.stack";
export const RUN_LABEL = "dev.stackspec.run";
export const REAPER_LABEL = "dev.stackspec.reaper";
/** How long a killed run's things may be there: a reaper waits for ten seconds before it begins. */
export const GONE_WITHIN_MS = 15_000;

/** What looks for images as a run does that has looked for none before. */
export const imagesOfRun = (): ReturnType<typeof imageResolver> =>
  imageResolver({
    config: { images: "auto", debianMirror: undefined },
    docker: engine,
    signal: new AbortController().signal,
    onDetail: () => {},
    onResolved: () => {},
  });

/** What an image is called on this engine. */
export async function referenceOf(image: string): Promise<string> {
  return (await imagesOfRun()(image)).reference;
}

/** The engine's own client: what these specs say of containers is read off the engine, past stackspec. */
export async function engine(): Promise<Dockerode> {
  const { container } = await getContainerRuntimeClient();
  return container.dockerode;
}

/** A container whose only process is this piece of JavaScript. */
export function script(image: string, code: string): GenericContainer {
  return new GenericContainer(image).withCommand(["node", "-e", code]);
}

/** A container that runs these lines of shell. */
export function shell(image: string, lines: string): GenericContainer {
  return new GenericContainer(image).withCommand(["sh", "-c", lines]);
}

/** Code of a server that answers everything on port 8000 with `answer`, a JavaScript expression. */
export const serving = (answer: string): string =>
  `require("node:http").createServer((request, response) => response.end(${answer})).listen(8000)`;

/** Cleans up after the specs of this suite, if any of them has run: without an engine there is nothing to clean. */
export function cleanUp(title: string, work: () => Promise<void> | void): void {
  after(title, async function () {
    this.timeout(60_000);
    if (hasRun(this.test!.parent!)) await work();
  });
}

function hasRun(suite: Mocha.Suite): boolean {
  return suite.tests.some(({ state }) => state === "passed" || state === "failed") || suite.suites.some(hasRun);
}

/** Starts a stack before the specs of this suite, stops it after them, and hands over all of it: `useStack` gives its values. */
export function useRunning<E extends Exports>(stack: Stack<E>): () => RunningStack<E> {
  let running: RunningStack<E>;
  before(`the stack ${stack.name} is ready`, async function () {
    this.timeout(60_000);
    running = await startStack(stack);
  });
  after(`the stack ${stack.name} is gone`, async function () {
    this.timeout(60_000);
    await running?.stop();
  });
  return () => running;
}

/** What stackspec itself knows of a stack that runs, and is not stopped yet, beside what it tells its users. */
export function insideOf<E extends Exports>(running: RunningStack<E>): StartedStack<E> {
  return run.running().find(({ id }) => id === running.id) as StartedStack<E>;
}

/** The failure of a start, or of a reset, that is expected to fail. */
export async function failureOf(work: Promise<RunningStack | void>): Promise<StackspecError> {
  const outcome = await work.catch((error: unknown) => error);
  if (outcome instanceof StackspecError) return outcome;
  if (outcome instanceof Error) throw outcome;
  await (outcome as RunningStack | undefined)?.stop();
  throw new Error("expected a failure, it succeeded");
}

/** What the engine says of each container of a stack, by its name in the declaration. */
export async function inspectAll(stackId: string): Promise<Map<string, Dockerode.ContainerInspectInfo>> {
  const docker = await engine();
  const listed = await docker.listContainers({ all: true, filters: { label: [`${STACK_LABEL}=${stackId}`] } });
  const inspected = await Promise.all(listed.map(({ Id }) => docker.getContainer(Id).inspect()));
  return new Map(inspected.map((info) => [info.Config.Labels["dev.stackspec.name"]!, info]));
}

/** The running containers with a label, as soon as there are any. */
export async function onceThere(label: string): Promise<Dockerode.ContainerInspectInfo[]> {
  const docker = await engine();
  for (;;) {
    const found = await docker.listContainers({ filters: { label: [label] } });
    if (found.length > 0) return Promise.all(found.map(({ Id }) => docker.getContainer(Id).inspect()));
    await sleep(100);
  }
}

/** Everything on the engine under a label, stopped or running: "container web", "network …", "volume …". */
export async function labelled(label: string): Promise<string[]> {
  const docker = await engine();
  const filters = { label: [label] };
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return [
    ...containers.map(({ Names, Id }) => `container ${Names[0] ?? Id}`),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...(volumes ?? []).map(({ Name }) => `volume ${Name}`),
  ];
}

/** Removes the containers, networks and volumes under a label that only one spec can have given. */
export async function removeLabelled(label: string): Promise<void> {
  const docker = await engine();
  const filters = { label: [label] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => removed(docker.getContainer(Id).remove({ force: true, v: true }))));
  const [networks, { Volumes: volumes }] = await Promise.all([
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  await Promise.all([
    ...networks.map(({ Id }) => removed(docker.getNetwork(Id).remove())),
    ...(volumes ?? []).map(({ Name }) => removed(docker.getVolume(Name).remove())),
  ]);
}

/** A run's watchdog may be removing the same at this moment: gone is gone. */
async function removed(removal: Promise<unknown>): Promise<void> {
  await removal.catch((error: { statusCode?: number }) => {
    if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
  });
}

/** What is still there under a label when it is gone, or when the time is over. */
export async function leftAfter(label: string, timeoutMs: number): Promise<string[]> {
  for (const until = performance.now() + timeoutMs; ; await sleep(200)) {
    const left = await labelled(label);
    if (left.length === 0 || performance.now() > until) return left;
  }
}

/** The end of a container, as the engine tells it. */
export interface Death {
  readonly name: string;
  readonly exitCode: number;
  readonly atNs: number;
}

/** Does `work`, which ends every container of a stack, and tells of their ends in their order. */
export async function deathsDuring(stackId: string, work: () => Promise<unknown>): Promise<Death[]> {
  const docker = await engine();
  const label = `${STACK_LABEL}=${stackId}`;
  const expected = (await docker.listContainers({ filters: { label: [label] } })).length;
  const stream = (await docker.getEvents({
    filters: { type: ["container"], event: ["die"], label: [label] },
  })) as Readable;
  const deaths: Death[] = [];
  const all = (async () => {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      const { Actor, timeNano } = JSON.parse(line) as {
        Actor: { Attributes: Record<string, string> };
        timeNano: number;
      };
      deaths.push({
        name: Actor.Attributes["dev.stackspec.name"]!,
        exitCode: Number(Actor.Attributes["exitCode"]),
        atNs: timeNano,
      });
      if (deaths.length === expected) return;
    }
  })();
  try {
    await work();
    await all;
  } finally {
    stream.destroy();
  }
  return deaths.toSorted((a, b) => a.atNs - b.atNs);
}

/** The settings of a run of a spec's own, which has no reaper and writes its logs below this folder. */
export function configIn(reports: string, environment: NodeJS.ProcessEnv = {}): Config {
  const config = readConfig({ TESTCONTAINERS_RYUK_DISABLED: "true", ...environment });
  return { ...config, folders: { ...config.folders, reports } };
}

/** A stack of this suite alone, started in a session of its own, and the lines that the run says of it. */
export function useNotices<E extends Exports>(
  stack: Stack<E>,
): { running(): RunningStack<E>; readonly notes: readonly string[] } {
  const notes: string[] = [];
  let session: Session | undefined;
  let running: RunningStack<E>;
  before("the stack is ready", async () => {
    session = openSession(readConfig({}), (event) => event.kind === "notice" && notes.push(event.text));
    running = await session.start(stack);
  });
  after("the stack is gone", () => session?.close());
  return { running: () => running, notes };
}
