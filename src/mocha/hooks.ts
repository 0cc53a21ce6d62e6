import { setImmediate } from "node:timers/promises";
import { config, use } from "chai";
import chaiAsPromised from "chai-as-promised";
import type { Context, Hook, RootHookObject, Suite, Test } from "mocha";
import { processEnvironment } from "../config/environment.ts";
import { settleAll } from "../engine/docker/labels.ts";
import { guardOutput } from "../terminal.ts";
import { endRequestsInTime } from "./deadline.ts";
import { explainLoading } from "./load.ts";
import { printVisibly } from "./printing.ts";
import { recordHooks } from "./record-hooks.ts";
import { run } from "./run.ts";
import { endBusyRuns, endOnSignals } from "./signals.ts";

explainLoading();
endRequestsInTime();
endOnSignals();
void endBusyRuns();
recordHooks();
// What the environment has is secret from the first line on, and in a worker that asks for no setting too.
processEnvironment();
guardOutput();
printVisibly();
use(chaiAsPromised);
// A todo is longer than chai's default of 40 characters; "expected { id: 396, …(4) }" tells nobody anything.
config.truncateThreshold = 400;

/** What of mocha is not in its types. */
interface WithHooks {
  readonly _beforeEach: readonly (Hook & Pick<Test, "err">)[];
}

/** What has failed of a spec: it, or a hook before it, whose error is then the one to explain. */
function failedIn(test: Test): Pick<Test, "err"> | undefined {
  for (let suite: Suite | undefined = test.parent; suite !== undefined; suite = suite.parent) {
    const hook = (suite as unknown as WithHooks)._beforeEach.find(({ state }) => state === "failed");
    if (hook !== undefined) return hook;
  }
  return test.state === "failed" ? test : undefined;
}

/** What mocha runs around all spec files: evidence for what fails, what specs have made fail is healed, and at last everything the run started is gone. */
export const mochaHooks: RootHookObject = {
  beforeAll(this: Context) {
    run.strays.listen();
    // In a parallel worker; elsewhere the reporter has done so before the run.
    if (run.choice.isWorker) run.choice.arrange(this.test!.parent!);
    return endBusyRuns();
  },
  // Neither this hook nor the next is async: what they enter is then where mocha goes on.
  beforeEach(this: Context) {
    run.strays.belongsTo(this.currentTest);
    run.evidence.beginSpec();
  },
  afterEach(this: Context) {
    run.strays.belongsTo(undefined);
    const failed = this.currentTest && failedIn(this.currentTest);
    const attached = failed && run.evidence.attachTo(failed);
    const hit = run.running().filter((stack) => stack.hasFaults());
    const saves = failed !== undefined && run.config.onFailure.saves;
    if (hit.length === 0 && !saves) return attached;
    // A copy takes as long as it takes.
    this.timeout(0);
    const healed = Promise.resolve(attached).finally(() => settleAll(hit.map((stack) => stack.healAll())));
    return saves ? healed.then(() => run.failedState.save()) : healed;
  },
  async afterAll(this: Context) {
    this.timeout(0);
    await run.evidence.settle();
    await run.finish();
    // What was rejected meanwhile is heard of in between.
    await setImmediate();
    await run.evidence.settle();
  },
};
