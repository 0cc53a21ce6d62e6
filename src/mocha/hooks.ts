import { setImmediate } from "node:timers/promises";
import { config, use } from "chai";
import chaiAsPromised from "chai-as-promised";
import type { Context, RootHookObject } from "mocha";
import { processEnvironment } from "../config/environment.ts";
import { guardOutput } from "../terminal.ts";
import { endRequestsInTime } from "./deadline.ts";
import { explainLoading } from "./load.ts";
import { printVisibly } from "./printing.ts";
import { run } from "./run.ts";
import { endBusyRuns, endOnSignals } from "./signals.ts";

explainLoading();
endRequestsInTime();
endOnSignals();
void endBusyRuns();
// What the environment has is secret from the first line on, and in a worker that asks for no setting too.
processEnvironment();
guardOutput();
printVisibly();
use(chaiAsPromised);
// A todo is longer than chai's default of 40 characters; "expected { id: 396, …(4) }" tells nobody anything.
config.truncateThreshold = 400;

/** What mocha runs around all spec files: evidence for what fails, and at last everything the run started is gone. */
export const mochaHooks: RootHookObject = {
  beforeAll() {
    run.strays.listen();
    return endBusyRuns();
  },
  // Neither this hook nor the next is async: what they enter is then where mocha goes on.
  beforeEach(this: Context) {
    run.strays.belongsTo(this.currentTest);
    run.evidence.beginSpec();
  },
  afterEach(this: Context) {
    run.strays.belongsTo(undefined);
    return this.currentTest?.state === "failed" ? run.evidence.attachTo(this.currentTest) : undefined;
  },
  async afterAll(this: Context) {
    this.timeout(0);
    await run.finish();
    // What was rejected meanwhile is heard of in between.
    await setImmediate();
  },
};
