import { execFile } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Runs a development tool on the whole project. @throws Error with what the tool found */
function findsNothing(tool: string, ...words: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(join(root, "node_modules/.bin", tool), words, { cwd: root }, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`expected nothing, got:\n${`${stdout}${stderr}`.trim() || error.message}`));
    });
  });
}

describe("the project", function () {
  this.timeout(60_000);

  it("has no type errors", () => findsNothing("tsc", "--noEmit", "--pretty", "false"));

  it("uses nothing in src/ that the oldest Node it is for does not have", () =>
    findsNothing("tsc", "-p", "tsconfig.build.json", "--noEmit", "--pretty", "false"));

  it("has no lint findings", () => findsNothing("oxlint", "--format", "unix"));

  it("is formatted", () => findsNothing("oxfmt", "--check"));

  it("has no dead code", () => findsNothing("knip", "--no-progress"));
});
