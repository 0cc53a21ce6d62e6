import mocha from "mocha";
import { isBadInput } from "../errors.ts";
import { complain } from "../terminal.ts";
import { Reporter } from "./reporter.ts";
import { run as current } from "./run.ts";

export { mochaHooks } from "./hooks.ts";

/** What of an instance of mocha is not in its types. */
interface Instance {
  _reporter: unknown;
}

try {
  void current.config;
} catch (error) {
  if (!isBadInput(error)) throw error;
  complain(error.sentence);
  process.exit(2);
}

// Mocha gives what it requires no way to choose the reporter. One that somebody has chosen, as editors do, stays.
const { run: runMocha } = mocha.prototype;
mocha.prototype.run = function run(this: mocha, ...given) {
  const instance = this as unknown as Instance;
  if (instance._reporter === mocha.reporters.Spec) instance._reporter = Reporter;
  return runMocha.apply(this, given);
};
