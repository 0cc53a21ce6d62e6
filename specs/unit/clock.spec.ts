import { expect } from "chai";
import { startClock } from "../../src/mocha/clock.ts";

const SECONDS = String.raw`\d+\.\d`;
/** Where npm can be seen, it and the start of Node come first. */
const BEFORE = `(npm ${SECONDS}, node ${SECONDS}, )?`;

describe("the times of a run", () => {
  it("name its phases in their order", () => {
    const clock = startClock();
    clock.beginPhase("engine");
    clock.beginPhase("stack");
    expect(clock.summary()).to.match(new RegExp(`: ${BEFORE}engine ${SECONDS}, stack ${SECONDS}$`));
  });

  it("say when the first spec began, and when the run ended", () => {
    const clock = startClock();
    clock.beginSpecs();
    expect(clock.summary()).to.match(new RegExp(`^first spec after ${SECONDS} s, end after ${SECONDS} s: `));
  });

  it("begin the specs once", () => {
    const clock = startClock();
    clock.beginSpecs();
    clock.beginSpecs();
    expect(clock.summary().match(/specs \d/g)).to.have.length(1);
  });

  it("name what begins twice once", () => {
    const clock = startClock();
    clock.beginPhase("release");
    clock.beginPhase("release");
    expect(clock.summary().match(/release \d/g)).to.have.length(1);
  });

  it("name a stack that a suite starts before the first spec", () => {
    const clock = startClock();
    clock.beginPhase("load specs");
    clock.beginStack();
    clock.beginSpecs();
    expect(clock.summary()).to.match(new RegExp(`load specs ${SECONDS}, stack ${SECONDS}, specs ${SECONDS}$`));
  });

  it("take a stack that starts after the first spec for the specs'", () => {
    const clock = startClock();
    clock.beginSpecs();
    clock.beginStack();
    expect(clock.summary()).to.match(new RegExp(`: ${BEFORE}specs ${SECONDS}$`));
  });

  it("are each clock's own", () => {
    startClock().beginPhase("engine");
    expect(startClock().summary()).not.to.include("engine");
  });

  it("say so when no spec ran", () => {
    const clock = startClock();
    clock.beginPhase("load specs");
    expect(clock.summary()).to.match(/^no spec ran, end after/);
  });
});
