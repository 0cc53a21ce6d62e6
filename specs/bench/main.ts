/**
 * `npm run bench [-- --rounds N] [--only NAME]`: how long developers and CI wait, with docker compose and with stackspec,
 * and what that comes from, measured in turn on this machine. Writes `reports/bench/`. It asserts nothing.
 */
import { cpus, freemem, loadavg, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { openBench } from "./bench.ts";
import type { Bench } from "./bench.ts";
import { runProgram } from "./child.ts";
import { composeWay } from "./compose.ts";
import { measureDrivers } from "./drivers/measure.ts";
import { examples } from "./examples.ts";
import { floorWay } from "./floor.ts";
import { writeReport } from "./report/write.ts";
import { measureRequests } from "./requests.ts";
import type { Results } from "./results.ts";
import { inRounds } from "./rounds.ts";
import { COUNTS, STARTERS, startServices } from "./services.ts";
import { simulateShards } from "./shards.ts";
import { ourWay, plainWay, startWay } from "./ways.ts";
import { workloads } from "./workloads/workloads.ts";

/** No round begins that would end later, in milliseconds since the start: of workloads, of ways, of examples, of services. */
const WORKLOADS_MS = 1_200_000;
const WAYS_MS = 330_000;
const EXAMPLES_MS = 360_000;
const SERVICES_MS = 230_000;
const RESETS = 30;
const WAYS = ["compose", "plain", "cold", "snapshot", "kept", "floor", "start", "start-kept"];
const NAMES = ["workloads", "requests", "drivers", "shards", "examples", ...WAYS, "reset", "services"];

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, only: { type: "string" } } });
const count = Number(values.rounds);
const { only } = values;
if (!Number.isInteger(count) || count < 1 || (only !== undefined && !NAMES.includes(only))) {
  console.error(`expected --rounds with a number from 1 and --only with one of ${NAMES.join(", ")}`);
  process.exit(2);
}

const ending = new AbortController();
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)
  process.on(signal, () => {
    if (ending.signal.aborted) return;
    process.exitCode = code;
    console.error(`\n${signal}: ending everything that was started, and removing it`);
    ending.abort(new Error(`ended by ${signal}`));
  });

/** All that the table of workloads has. */
const IN_TABLE = new Set(["workloads", "requests", "snapshot", "floor"]);
const isWanted = (name: string): boolean =>
  only === undefined || name === only || (only === "workloads" && IN_TABLE.has(name));
const say = (line: string): void => console.log(line);
let bench: Bench | undefined;
try {
  const results = await measure();
  console.log(`\n${writeReport(results)}`);
  const { workloads: wholes, ways, services, drivers, examples: foreign } = results;
  const failed = [wholes, ways, services, drivers, foreign].flatMap((each) =>
    Object.values<{ readonly failures: readonly string[] }>(each),
  );
  if (failed.some(({ failures }) => failures.length > 0)) process.exitCode ??= 1;
} catch (error) {
  if (!ending.signal.aborted) console.error(error);
  process.exitCode ??= 1;
} finally {
  await bench?.release();
}
process.exit();

async function measure(): Promise<Results> {
  const loadBefore = load();
  let results: Results = {
    at: new Date().toISOString(),
    machine: {
      cores: cpus().length,
      memory: `${Math.round(totalmem() / 1024 ** 3)} GiB, ${Math.round(freemem() / 1024 ** 3)} free`,
      node: process.version,
    },
    workloads: {},
    requests: { ours: [], plain: [] },
    drivers: {},
    shards: {},
    examples: {},
    ways: {},
    resetMs: [],
    services: {},
  };
  // What is known so far is written each time: the rest takes long, and somebody may not want to wait for it.
  const add = (found: Partial<Results>, machine: Results["machine"] = {}): void => {
    const busy = { "load before and after": `${loadBefore}, ${load()}` };
    results = { ...results, ...found, machine: { ...results.machine, ...machine, ...busy } };
    writeReport(results);
  };
  if (isWanted("shards")) add({ shards: simulateShards() });
  if (only === "shards") return results;
  if (isWanted("requests")) add({ requests: await measureRequests(ending.signal) });
  if (only === "requests") return results;
  if (isWanted("drivers")) add({ drivers: await measureDrivers(count, ending.signal, say) });
  if (only === "drivers") return results;

  bench = await openBench(ending.signal, say, only !== "examples");
  const { Version } = (await bench.runtime.docker.version()) as { Version: string };
  const rounds = (ms: number) => ({ count, signal: ending.signal, say, until: performance.now() + ms });
  if (isWanted("workloads")) {
    const { compose, subjects } = await workloads(bench);
    const measured = await inRounds(subjects, { ...rounds(WORKLOADS_MS), warmUp: false });
    add({ workloads: Object.fromEntries(measured) }, { engine: Version, compose });
  }

  if (isWanted("examples")) {
    const measured = await inRounds(await examples(bench), { ...rounds(EXAMPLES_MS), warmUp: false });
    add({ examples: Object.fromEntries(measured) }, { engine: Version });
  }
  if (only === "examples") return results;

  const compose = isWanted("compose") ? await composeWay(bench) : undefined;
  const ways = [
    ...(compose === undefined ? [] : [compose]),
    plainWay(bench),
    ourWay(bench, "cold"),
    ourWay(bench, "snapshot"),
    ourWay(bench, "kept"),
    await floorWay(bench),
    startWay(bench, "start"),
    startWay(bench, "start-kept"),
  ].filter(({ name }) => isWanted(name));
  const measured = await inRounds(ways, rounds(WAYS_MS));
  add(
    { ways: Object.fromEntries(ways.map(({ name, title }) => [name, { title, ...measured.get(name)! }])) },
    { engine: Version, ...(compose === undefined ? {} : { compose: compose.version }) },
  );
  if (isWanted("reset")) add({ resetMs: await resets(bench) });
  const subjects = STARTERS.flatMap((starter) =>
    COUNTS.map((many) => ({ name: `${starter}-${many}`, sample: () => startServices(bench!, starter, many) })),
  );
  if (isWanted("services")) add({ services: Object.fromEntries(await inRounds(subjects, rounds(SERVICES_MS))) });
  return results;
}

async function resets({ environment, signal }: Bench): Promise<number[]> {
  const { told } = await runProgram("ours", ["reset", String(RESETS)], { environment, signal });
  return (told.get("reset") ?? []).map(Number);
}

function load(): string {
  return loadavg()[0]!.toFixed(1);
}
