import { statSync } from "node:fs";
import { readConfig } from "../config/config.ts";
import { usageError } from "../errors.ts";
import { writePage } from "../report/page-file.ts";
import { say } from "../terminal.ts";

/** `stackspec report`. */
export async function remakeReport(folder = readConfig().folders.reports): Promise<void> {
  const subject = "stackspec report";
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true)
    throw usageError(
      subject,
      `expected a folder, got "${folder}", which is ${found === undefined ? "not there" : "none"}`,
    );
  const page = await writePage(folder);
  if (page === undefined)
    throw usageError(
      subject,
      `expected results (*.ctrf.json) in ${folder}, and no index.html that is another's: there is nothing to make a report of`,
    );
  say(page);
}
