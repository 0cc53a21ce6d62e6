import type { Config } from "../config/config.ts";
import { tellInnerRuns } from "../config/inner-runs.ts";
import { lockFile } from "../engine/docker/lock.ts";
import type { Lock } from "../engine/docker/lock.ts";
import { usageError } from "../errors.ts";
import { isReplaceable } from "../report/write.ts";

/**
 * Makes reports this run's own until its process ends: of two runs that write the same file neither would have a report.
 * What a run has locked that this one is part of is this run's too: `stackspec test` and its suites are one run.
 *
 * @throws StackspecError `USAGE` naming the process that writes one of them
 */
export function lockReports(config: Config, reports: readonly string[]): void {
  const release: (() => void)[] = [];
  process.once("exit", () => {
    for (const each of release) each();
  });
  for (const report of reports) {
    const lock = lockOf(report);
    if (lock?.isOurs === true) release.push(lock.release);
    if (lock?.isOurs !== false) continue;
    const { owner } = lock;
    if (config.outerRuns.includes(owner)) continue;
    throw usageError(
      report,
      `expected a report that no other run writes, but process ${owner} does: wait until it has ended, or set JUNIT_REPORT_PATH to another place`,
    );
  }
  tellInnerRuns(config);
}

function lockOf(report: string): Lock | undefined {
  try {
    return isReplaceable(report) ? lockFile(`${report}.lock`) : undefined;
  } catch {
    return undefined; // Whoever writes the report is told why that cannot be done.
  }
}
