/**
 * The release stack with stackspec, once: `called`, `ready`, `gone`. `ours.ts snapshot` makes its snapshot at the end;
 * `ours.ts reset N` resets it N times in between, each after a change.
 */
import { run } from "../../../src/mocha/run.ts";
import { endOnSignals } from "../../../src/mocha/signals.ts";
import release from "../../stacks/release.ts";
import { mark, tell, untilAnswers } from "./tell.ts";

const [mode, count = "0"] = process.argv.slice(2);

endOnSignals();
mark("called");
const { id, snapshot, values, reset } = await run.share(release);
const { http } = values.target;
await untilAnswers(`${http.url}/todos`);
mark("ready");
tell("id", id);
tell("key", snapshot?.key ?? "");
tell("restored", String(snapshot?.restored));

for (let round = 0; round < Number(count); round += 1) {
  await http.post("/todos", { title: `todo ${round}` });
  const before = performance.now();
  await reset();
  tell("reset", String(performance.now() - before));
  const { body } = await http.get("/todos");
  if (!Array.isArray(body) || body.length > 0) throw new Error(`expected no todos, got ${JSON.stringify(body)}`);
}

mark("leaving");
await (mode === "snapshot" ? run.finish() : run.close());
mark("gone");
process.exit();
