import { expect } from "chai";
import type * as Clock from "../../src/mocha/clock.ts";

/** A clock of its own, because the one of this run is at work. */
let count = 0;
async function newClock(): Promise<typeof Clock> {
  count += 1;
  return (await import(`../../src/mocha/clock.ts?${count}`)) as typeof Clock;
}

const SECONDS = String.raw`\d+\.\d`;
/** Where npm can be seen, it and the start of Node come first. */
const BEFORE = `(npm ${SECONDS}, node ${SECONDS}, )?`;

describe("the times of a run", () => {
  it("name its phases in their order", async () => {
    const clock = await newClock();
    clock.beginPhase("engine");
    clock.beginPhase("stack");
    expect(clock.phaseSummary()).to.match(new RegExp(`: ${BEFORE}engine ${SECONDS}, stack ${SECONDS}$`));
  });

  it("say when the first spec began, and when the run ended", async () => {
    const clock = await newClock();
    clock.beginSpecs();
    expect(clock.phaseSummary()).to.match(new RegExp(`^first spec after ${SECONDS} s, end after ${SECONDS} s: `));
  });

  it("begin the specs once", async () => {
    const clock = await newClock();
    clock.beginSpecs();
    clock.beginSpecs();
    expect(clock.phaseSummary().match(/specs \d/g)).to.have.length(1);
  });

  it("say so when no spec ran", async () => {
    const clock = await newClock();
    clock.beginPhase("load specs");
    expect(clock.phaseSummary()).to.match(/^no spec ran, end after/);
  });
});
