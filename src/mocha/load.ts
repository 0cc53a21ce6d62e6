import mocha from "mocha";
import { messageOf } from "../errors.ts";
import { loadError } from "../project-module.ts";
import { complain } from "../terminal.ts";
import { run } from "./run.ts";

/**
 * Says in one line, with the place, why spec files cannot be loaded, and ends the process with exit code 2: mocha would show a
 * stack trace of its own. What parallel workers load is reported as a failure by mocha.
 */
export function explainLoading(): void {
  const { loadFilesAsync } = mocha.prototype;
  mocha.prototype.loadFilesAsync = async function loadFiles(this: mocha, ...given) {
    try {
      return await loadFilesAsync.apply(this, given);
    } catch (error) {
      if ((this as unknown as { isWorker?: boolean }).isWorker === true) throw error;
      const { sentence } = loadError(this.files.length === 1 ? this.files[0]! : "specs", error);
      complain(sentence);
      await run.onAbort(sentence).catch((failure: unknown) => complain(messageOf(failure)));
      await run.close().catch(() => {});
      return process.exit(2);
    }
  };
}
