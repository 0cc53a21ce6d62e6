/**
 * `npm run bench [-- --rounds N] [--only NAME]`: how long the stack takes with docker compose, with Testcontainers alone
 * and with stackspec, measured in turn on this machine. Writes `reports/bench/`. It asserts nothing.
 */
import { cpus, freemem, loadavg, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { openBench } from "./bench.ts";
import type { Bench } from "./bench.ts";
import { runProgram } from "./child.ts";
import { composeWay } from "./compose.ts";
import { floorWay } from "./floor.ts";
import { writeReport } from "./report/write.ts";
import type { Results } from "./results.ts";
import { inRounds } from "./rounds.ts";
import { COUNTS, STARTERS, startServices } from "./services.ts";
import { ourWay, plainWay, startWay } from "./ways.ts";

/** The ways take the first part of the time, what is left belongs to the services. */
const WAYS_MS = 330_000;
const ALL_MS = 560_000;
const RESETS = 30;
const NAMES = ["compose", "plain", "cold", "snapshot", "kept", "floor", "start", "start-kept", "reset", "services"];

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

const isWanted = (name: string): boolean => only === undefined || name === only;
const say = (line: string): void => console.log(line);
let bench: Bench | undefined;
try {
  bench = await openBench(ending.signal, say);
  const results = await measure(bench);
  console.log(`\n${writeReport(results)}`);
  const failed = Object.values({ ...results.ways, ...results.services }).some(({ failures }) => failures.length > 0);
  if (failed) process.exitCode ??= 1;
} catch (error) {
  if (!ending.signal.aborted) console.error(error);
  process.exitCode ??= 1;
} finally {
  await bench?.release();
}
process.exit();

async function measure(on: Bench): Promise<Results> {
  const loadBefore = load();
  const compose = isWanted("compose") ? await composeWay(on) : undefined;
  const ways = [
    ...(compose === undefined ? [] : [compose]),
    plainWay(on),
    ourWay(on, "cold"),
    ourWay(on, "snapshot"),
    ourWay(on, "kept"),
    await floorWay(on),
    startWay(on, "start"),
    startWay(on, "start-kept"),
  ].filter(({ name }) => isWanted(name));
  const rounds = { count, signal: ending.signal, say };
  const measured = await inRounds(ways, { ...rounds, until: WAYS_MS });
  const resetMs = isWanted("reset") ? await resets(on) : [];
  const { Version } = (await on.runtime.docker.version()) as { Version: string };
  const resultsWith = (services: Results["services"]): Results => ({
    at: new Date().toISOString(),
    machine: {
      cores: cpus().length,
      memory: `${Math.round(totalmem() / 1024 ** 3)} GiB, ${Math.round(freemem() / 1024 ** 3)} free`,
      engine: Version,
      compose: compose?.version ?? "not measured",
      node: process.version,
      "load before and after": `${loadBefore}, ${load()}`,
    },
    ways: Object.fromEntries(ways.map(({ name, title }) => [name, { title, ...measured.get(name)! }])),
    resetMs,
    services,
  });
  // What is known so far: the services take long, and somebody may not want to wait for them.
  writeReport(resultsWith({}));
  const subjects = STARTERS.flatMap((starter) =>
    COUNTS.map((many) => ({ name: `${starter}-${many}`, sample: () => startServices(on, starter, many) })),
  );
  const services = await inRounds(isWanted("services") ? subjects : [], { ...rounds, until: ALL_MS });
  return resultsWith(Object.fromEntries(services));
}

async function resets({ environment, signal }: Bench): Promise<number[]> {
  const { told } = await runProgram("ours", ["reset", String(RESETS)], { environment, signal });
  return (told.get("reset") ?? []).map(Number);
}

function load(): string {
  return loadavg()[0]!.toFixed(1);
}
