/**
 * `npm run engines [-- --only ENGINE,…] [--step NAME,…] [--table]`: the same specs on each engine that this machine can have, one
 * after the other, and the table in docs/engines.md of what passed, what failed and why: of all that is noted in `results.json`.
 * `--table` runs nothing. `--shards` runs the acceptance suite in five parts at once instead, each on another engine. Engines
 * other than the machine's own are those of `engine.sh`, and need root. Reports are in `reports/engines/`.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runToEnd } from "./child.ts";
import { ENGINES, REPORTS, STEPS, named, within } from "./matrix.ts";
import type { Engine } from "./matrix.ts";
import { noteResults } from "./results.ts";
import { runShards } from "./shards.ts";
import { writeTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    step: { type: "string" },
    table: { type: "boolean", default: false },
    shards: { type: "boolean", default: false },
  },
});
if (values.shards) process.exit((await runShards()) ? 0 : 1);
const engines = named(ENGINES, values.only);
const steps = named(STEPS, values.step);

let isCutOff = false;
if (!values.table)
  for (const engine of engines) {
    isCutOff = await runOn(engine);
    if (isCutOff) break;
  }
process.exitCode = writeTable() > 0 || isCutOff ? 1 : 0;

/** Runs the steps with an engine, which is there for so long. Returns whether they were cut off. */
async function runOn(engine: Engine): Promise<boolean> {
  const { name } = engine;
  rmSync(join(REPORTS, name), { recursive: true, force: true });
  mkdirSync(join(REPORTS, name), { recursive: true });
  const words = [join(import.meta.dirname, "on-engine.ts"), name, ...steps.map((step) => step.name)];
  const command = [process.execPath, "-C", "development", ...words];
  const ended = await runToEnd([...within(engine), ...command]);
  noteResults(engine, steps, ended.lastWords);
  return ended.isCutOff;
}
