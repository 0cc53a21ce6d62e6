import { config, use } from "chai";
import chaiAsPromised from "chai-as-promised";
import type { Context, RootHookObject } from "mocha";
import { run } from "./run.ts";
import { endBusyRuns, endOnSignals } from "./signals.ts";

endOnSignals();
void endBusyRuns();
use(chaiAsPromised);
// A todo is longer than chai's default of 40 characters; "expected { id: 396, …(4) }" tells nobody anything.
config.truncateThreshold = 400;

/** What mocha runs around all spec files: evidence for what fails, and at last everything the run started is gone. */
export const mochaHooks: RootHookObject = {
  beforeAll: endBusyRuns,
  beforeEach() {
    run.evidence.beginSpec();
  },
  async afterEach(this: Context) {
    if (this.currentTest?.state === "failed") await run.evidence.attachTo(this.currentTest);
  },
  async afterAll(this: Context) {
    this.timeout(0);
    await run.finish();
  },
};
