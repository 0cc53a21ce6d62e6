import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ctrfFile } from "../../src/report/ctrf.ts";
import type { Ctrf } from "../../src/report/ctrf.ts";
import { runToEnd } from "./child.ts";
import type { Ended } from "./child.ts";
import { ENGINES, REPORTS, within } from "./matrix.ts";

const FOLDER = join(REPORTS, "shards");
const COMMAND = [process.execPath, "-C", "development", "src/cli/main.ts"];
/** Rootless Podman is not among them: five are asked for. */
const PLACES = ENGINES.slice(0, 5);

/**
 * Runs the acceptance suite on this machine's engine, and then in five parts at once, each with the release stack on another engine,
 * and merges these. Returns whether the merged report has the same specs with the same outcomes as that of the one run.
 */
export async function runShards(): Promise<boolean> {
  rmSync(FOLDER, { recursive: true, force: true });
  if ((await start("whole", [...COMMAND, "start"])).isCutOff) return false;
  const runs = PLACES.map((engine, index) => {
    const part = join("parts", `shard-${index + 1}-of-${PLACES.length}`);
    return start(part, [...within(engine), ...COMMAND, "start", "--shard", `${index + 1}/${PLACES.length}`]);
  });
  if ((await Promise.all(runs)).some(({ isCutOff }) => isCutOff)) return false;
  await runToEnd([...COMMAND, "merge", join(FOLDER, "parts")], { JUNIT_REPORT_PATH: join(FOLDER, "merged/") });
  const [whole, merged] = [outcomesIn("whole"), outcomesIn("merged")];
  const isSame = isDeepStrictEqual(whole, merged);
  const where = PLACES.map(({ name }) => name).join(", ");
  console.log(
    `\n${merged.length} specs in ${PLACES.length} parts, on ${where}: merged, ${isSame ? "" : "not "}as in one run`,
  );
  return isSame;
}

function start(folder: string, command: readonly string[]): Promise<Ended> {
  // Of all: in one checkout one of them builds what all have.
  const home = join(process.cwd(), FOLDER, "home");
  mkdirSync(home, { recursive: true });
  return runToEnd(command, {
    HOME: home,
    JUNIT_REPORT_PATH: join(FOLDER, folder, "/"),
    STACKSPEC_TIMINGS: join(FOLDER, "whole"),
  });
}

/**
 * Each spec and how it ended, in the report's order. Not what `merge` finds itself: that images which each engine has built differ,
 * for each engine's store has a digest of its own for the image that they are built from, which was loaded.
 */
function outcomesIn(folder: string): unknown[] {
  const { results } = JSON.parse(readFileSync(ctrfFile(join(FOLDER, folder, "acceptance.xml")), "utf8")) as Ctrf;
  const specs = results.tests.filter(({ filePath }) => filePath !== undefined);
  return specs.map(({ filePath, suite, name, status }) => [filePath, suite, name, status]);
}
