/**
 * Runs that are killed at random moments: eight of them here, thirty with `npm run kills`. `KILLS_SEED` repeats those of an
 * earlier time, as far as an engine does the same twice.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import fc from "fast-check";
import { requireEngine } from "stackspec";
import { complaintsAbout } from "../unit/junit.ts";
import { startRun } from "../integration/child.ts";
import type { Ended } from "../integration/child.ts";
import { countOf } from "../integration/report.ts";
import { socketToEngine, whereItIs } from "../integration/socket.ts";
import { leftOf, treeOf } from "./killed.ts";

const VICTIMS = ["the run", "its watchdog", "both", "the engine's connection"] as const;
type Victim = (typeof VICTIMS)[number];

const count = Number(process.env["KILLS"] ?? 8);
const seed = Number(process.env["KILLS_SEED"] ?? Date.now() % 1_000_000);
/** How far a run has come with what it asks of the engine, in thousandths, and some milliseconds more. */
const moments = fc.sample(fc.noBias(fc.tuple(fc.nat(999), fc.nat(150))), { seed, numRuns: count });

interface Outcome extends Ended {
  /** Where it was killed, for who wants to repeat it. */
  readonly moment: string;
  readonly report: string;
  /** What stays on the engine. */
  readonly left: Promise<readonly string[]>;
}

/** Runs the stack, and kills `victim` so many milliseconds after the run has sent the engine so many pieces. */
async function runKilled(
  victim: Victim | undefined,
  pieces = Infinity,
  delayMs = 0,
): Promise<Outcome & { asked: number }> {
  let asked = 0;
  const reached = Promise.withResolvers<void>();
  const socket = await socketToEngine(() => {
    asked += 1;
    if (asked >= pieces) reached.resolve();
  });
  const { path } = await whereItIs();
  const child = startRun(["several.ts"], {
    // What a reaper mounts is the engine's own socket: ours goes with this process.
    environment: { DOCKER_HOST: socket.address, ...(path && { TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: path }) },
  });
  await Promise.race([reached.promise.then(() => sleep(delayMs)), child.ended]);
  const { ids, kill } = treeOf(child.process.pid!);
  if (victim === "the engine's connection") socket.cut();
  else if (victim !== undefined) kill(victim === "both" ? undefined : victim);
  const ended = await child.ended;
  const left = Promise.all(ids.map(leftOf)).then((found) => found.flat());
  void left.catch(() => {}).then(() => socket.cut());
  const moment = `${victim} after ${asked} pieces and ${delayMs} ms; KILLS_SEED=${seed}\n${ended.output}`;
  return { ...ended, report: child.report(), left, moment, asked };
}

describe("a run that is killed at a random moment", function () {
  requireEngine();
  this.timeout(count * 60_000);
  const outcomes = new Map<Victim, Outcome[]>(VICTIMS.map((victim) => [victim, []]));

  before("runs have been killed", async () => {
    const whole = await runKilled(undefined);
    expect(whole.exitCode, whole.output).to.equal(0);
    for (const [number, [how, delayMs]] of moments.entries()) {
      const victim = VICTIMS[number % VICTIMS.length]!;
      outcomes.get(victim)!.push(await runKilled(victim, 1 + Math.floor((how * whole.asked) / 1_000), delayMs));
    }
    // A reaper that the engine has made and was not told to start is all that a run can leave: the next one removes it.
    const next = await runKilled(undefined);
    expect(next.exitCode, next.output).to.equal(0);
  });

  for (const victim of VICTIMS)
    describe(`by the end of ${victim}`, () => {
      const each = async (look: (outcome: Outcome) => Promise<void> | void): Promise<void> => {
        for (const outcome of outcomes.get(victim)!) await look(outcome);
      };

      it("leaves no container, network, volume or image, and no reaper", () =>
        each(async ({ left, moment }) => {
          expect(await left, moment).to.deep.equal([]);
        }));

      it("leaves a report that is well-formed", () =>
        each(async ({ report, moment }) => {
          expect(await complaintsAbout(report), moment).to.deep.equal([]);
        }));

      it("exits with 0 only when all of its specs have passed, and its report says so", () =>
        each(({ exitCode, report, moment }) => {
          if (exitCode !== 0) return;
          const counts = (["tests", "failures", "errors"] as const).map((what) => countOf(report, what));
          expect(counts, moment).to.deep.equal([2, 0, 0]);
        }));
    });
});
