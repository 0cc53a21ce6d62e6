/**
 * `drivers.ts reset KIND ROUNDS`: tells in milliseconds how long resets take after changes, and what is done instead.
 * `drivers.ts start KIND`: a start of that server with stackspec, from its snapshot when there is one: `called`, `ready`.
 * `drivers.ts take KIND`: the same with specs of two seconds, so that a snapshot is taken meanwhile.
 * `drivers.ts boot KIND ROUNDS`: tells how long the server itself needs from `docker start` on data that is there.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { StartedTestContainer } from "testcontainers";
import { getContainerRuntimeClient } from "testcontainers";
import { variablesOf } from "../../../src/engine/container/internals.ts";
import { run } from "../../../src/mocha/run.ts";
import { endOnSignals } from "../../../src/mocha/signals.ts";
import { defineStack } from "../../../src/stack/define-stack.ts";
import { KINDS } from "../drivers/kinds.ts";
import { mark, tell } from "./tell.ts";

/** The specs of a run that takes a snapshot. */
const SPECS_MS = 2000;
const [mode, name = "", count = "0"] = process.argv.slice(2);
const kind = KINDS[name]!;

const stack = defineStack(`bench-driver-${mode === "start" ? name : `${name}-${mode}`}`, ({ service, task }) => {
  const server = service("server", ({ image }) => kind.create(image), {
    image: kind.image,
    ...(mode === "boot" && { durable: true }),
  });
  if (mode === "reset")
    task("seed", async ({ started }) => {
      const worker = await kind.work(await started(server));
      await worker.seed().finally(() => worker.close());
      return undefined;
    });
  return { server };
});

endOnSignals();
mark("called");
const running = await run.share(stack);
mark("ready");
tell("restored", String(running.snapshot?.restored));
const { server } = running.values;
if (mode === "reset") await resets(server);
if (mode === "take") await sleep(SPECS_MS);
if (mode === "boot") for (let round = 0; round < Number(count); round += 1) tell("boot", String(await boot(server)));
await (mode === "start" || mode === "take" ? run.finish() : run.close());
process.exit();

async function resets(of: StartedTestContainer): Promise<void> {
  // The first notes, and warms up.
  for (let round = 0; round <= Number(count); round += 1) {
    const worker = await kind.work(of);
    const told = async (what: string, work: () => Promise<unknown>): Promise<void> => {
      const before = performance.now();
      await work();
      if (round > 0) tell("took", JSON.stringify([what, performance.now() - before]));
    };
    for (const [what, change] of Object.entries(worker.changes)) {
      await change();
      await told(what, () => running.reset());
    }
    // They take long: once, and nothing comes after them.
    for (const [what, work] of Object.entries(round === Number(count) ? worker.instead : {})) await told(what, work);
    await worker.close();
  }
}

/** Stops a server, which keeps its data, and starts it again. */
async function boot(of: StartedTestContainer): Promise<number> {
  const { container: client } = await getContainerRuntimeClient();
  const container = client.dockerode.getContainer(of.getId());
  await container.stop({ t: 60 });
  const before = performance.now();
  await container.start();
  for (;;) {
    const { NetworkSettings, Config } = await container.inspect();
    const port = Number(NetworkSettings.Ports[`${kind.driver.port}/tcp`]?.[0]?.HostPort ?? 0);
    const asked = { host: of.getHost(), port, environment: variablesOf(Config.Env), command: [] };
    const answer = port === 0 ? new Error() : await kind.driver.ask!(asked).catch((error: unknown) => error);
    if (answer === undefined) return performance.now() - before;
    await sleep(10);
  }
}
