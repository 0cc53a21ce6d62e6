/**
 * Kills runs of the acceptance specs at random moments, and counts what is left of each 15 seconds later.
 *
 *     node -C development specs/integration/kill-runs.ts [runs]      30 unless said otherwise
 *     node -C development specs/integration/kill-runs.ts together    four runs at once, none of them killed
 *
 * Exits with 1 when anything is left, or a run that was not killed has failed.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startNode } from "./child.ts";
import type { Child } from "./child.ts";
import { REAPER_LABEL, RUN_LABEL, labelled } from "./engine.ts";

const COUNT_AFTER_MS = 15_000;

const folder = mkdtempSync(join(tmpdir(), "stackspec-kill-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const start = (): Child => {
  count += 1;
  return startNode(["src/cli/main.ts", "start"], {
    environment: { STACK: "release", JUNIT_REPORT_PATH: join(folder, `${count}.xml`) },
  });
};

/** The ids of the runs of a process, which it tells its watchmen; none before it has touched the engine. */
function runsOf({ process: { pid } }: Child): string[] {
  const processes = execFileSync("ps", ["-A", "-o", "ppid=,args="], { encoding: "utf8" });
  return [...processes.matchAll(/^ *(\d+) .*watchdog\.[jt]s ([0-9a-f]{8})$/gm)]
    .filter(([, parent]) => Number(parent) === pid)
    .map(([, , run]) => run!);
}

async function thingsOf(runs: readonly string[]): Promise<string[]> {
  const found = runs.flatMap((run) => [labelled(`${RUN_LABEL}=${run}`), labelled(`${REAPER_LABEL}=${run}`)]);
  return (await Promise.all(found)).flat();
}

const row = (...cells: readonly (string | number)[]): void => console.log(`| ${cells.join(" | ")} |`);

async function killRuns(runs: number): Promise<number> {
  const began = performance.now();
  const { exitCode, output } = await start().ended;
  if (exitCode !== 0)
    throw new Error(`expected a run that is not killed to pass, it exited with ${exitCode}:\n${output}`);
  const durationMs = performance.now() - began;
  console.log(`A whole run takes ${Math.round(durationMs)} ms. Killing ${runs}.\n`);
  row("run", "killed after (ms)", "last said", "there then", "left after 15 s");
  row("---", "---:", "---", "---:", "---:");

  const counting: Promise<number>[] = [];
  for (let number = 1; number <= runs; number += 1) {
    const moment = Math.round(Math.random() * durationMs);
    const child = start();
    let said = "";
    child.process.stdout!.on("data", (text: string) => (said = text.trim().split("\n").at(-1)!));
    await sleep(moment);
    // Held, it cannot start a run between our looking and its end.
    child.process.kill("SIGSTOP");
    const ids = runsOf(child);
    const there = await thingsOf(ids);
    child.process.kill("SIGKILL");
    counting.push(
      sleep(COUNT_AFTER_MS).then(async () => {
        const left = await thingsOf(ids);
        row(
          number,
          moment,
          said.slice(0, 60).replaceAll("|", "\\|"),
          there.length,
          left.length === 0 ? 0 : `${left.length}: ${left.join(", ")}`,
        );
        return left.length;
      }),
    );
    await child.ended;
  }
  const total = (await Promise.all(counting)).reduce((sum, left) => sum + left, 0);
  console.log(`\n${runs} runs killed, ${total} things left.`);
  return total;
}

async function runTogether(): Promise<number> {
  row("run", "exit code", "passing", "end", "left");
  row("---", "---:", "---:", "---", "---:");
  const bad = await Promise.all(
    Array.from({ length: 4 }, async (_, index) => {
      const child = start();
      await child.shown(/Starting the stack/);
      const ids: string[] = [];
      // Its own word for when it is on the engine.
      await child.shown(/ready|completed|restored/).then(() => ids.push(...runsOf(child)));
      const { exitCode, output } = await child.ended;
      const left = await thingsOf(ids);
      row(
        index + 1,
        exitCode ?? "none",
        /(\d+) passing/.exec(output)?.[1] ?? "none",
        output.trimEnd().split("\n").at(-1)!,
        left.length,
      );
      if (exitCode !== 0) console.log(output);
      return exitCode === 0 && ids.length > 0 && left.length === 0 ? 0 : 1;
    }),
  );
  return bad.reduce<number>((sum, one) => sum + one, 0);
}

const [what = "30"] = process.argv.slice(2);
if (what !== "together" && !/^[1-9]\d*$/.test(what)) {
  console.error(`expected a number of runs or "together", got "${what}"`);
  process.exit(2);
}
process.exit((await (what === "together" ? runTogether() : killRuns(Number(what)))) === 0 ? 0 : 1);
