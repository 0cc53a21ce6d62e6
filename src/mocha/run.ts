import { usageError } from "../errors.ts";
import { MochaRun } from "./mocha-run.ts";

const COPY: unique symbol = Symbol.for("stackspec.copy");

/**
 * The run that this process is. Mocha loads hooks, reporter and spec files by itself and hands them nothing of ours; so they,
 * and the command that calls mocha, find the run here. It is the only state of `src/mocha/` that a module holds.
 */
export const run = new MochaRun();

/** Of two copies of the package each would hold a run of its own, and neither would have all. */
const copies = globalThis as { [COPY]?: string };
const known = (copies[COPY] ??= import.meta.url);
if (known !== import.meta.url)
  throw usageError("stackspec", `expected one copy of the package in a process, got ${known} and ${import.meta.url}`);
