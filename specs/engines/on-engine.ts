/** `node on-engine.ts ENGINE STEP…`: runs the specs of some steps on the engine that the environment leads to, which is called so. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "./child.ts";
import { REPORTS, STEPS, named } from "./matrix.ts";

const [engine, ...names] = process.argv.slice(2) as [string, ...string[]];
const folder = join(REPORTS, engine);
// What is noted at home is of one engine: which snapshots cannot be made, and what stays up.
const home = join(process.cwd(), folder, "home");
mkdirSync(home, { recursive: true });
const secret = randomUUID();
// What it would be built from is out of an engine's reach: it was loaded with the others.
const faults = ["images", "--format", "{{.CreatedAt}} {{.Repository}}:{{.Tag}}", "localhost/stackspec/faults"];
const newest = execFileSync("docker", faults, { encoding: "utf8" }).trim().split("\n").toSorted().at(-1)!;

writeFileSync(join(folder, "version.json"), execFileSync("docker", ["version", "--format", "{{json .Server}}"]));
for (const { name, words, hasSecret = false, without = {} } of named(STEPS, names.join(","))) {
  const report = join(folder, `${name}.xml`);
  if (engine in without) continue;
  console.log(`\n── ${engine}: ${name} ──`);
  const { isCutOff } = await runToEnd([process.execPath, "-C", "development", "src/cli/main.ts", ...words], {
    HOME: home,
    JUNIT_REPORT_PATH: report,
    STACKSPEC_FAULT_IMAGE: newest.split(" ").at(-1)!,
    // Of a stack with another password there is no snapshot.
    ...(hasSecret && { STACKSPEC_SECRET: secret }),
  });
  if (isCutOff) {
    rmSync(report, { force: true });
    process.exitCode = 1;
    break;
  }
}
rmSync(home, { recursive: true, force: true });
