import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";

const root = join(import.meta.dirname, "../..");

/** A secret of the runs. */
export const SECRET = "kD8s-2mQp7xZ";

/** A folder with the results of two runs of `fixtures/shop.ts`, the second of which is the one to look at. */
export async function storedRuns(): Promise<{ folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "stackspec-report-"));
  for (const before of ["1", "0"])
    await command(["run", "shop", "specs/report/fixtures/shop.ts"], folder, { BEFORE: before });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs the project's own command, whatever comes of it. */
export function command(words: readonly string[], folder: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
  const env = {
    PATH: process.env["PATH"],
    STACKSPEC_ENGINE: "none",
    JUNIT_REPORT_PATH: `${folder}/`,
    API_TOKEN: SECRET,
    ...more,
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["-C", "development", "src/cli/main.ts", ...words],
      { cwd: root, env },
      (_, output, errors) => resolve(`${output}${errors}`),
    );
  });
}
