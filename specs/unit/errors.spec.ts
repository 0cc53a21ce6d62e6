import { expect } from "chai";
import { StackspecError } from "stackspec";
import { messageOf, usageError } from "../../src/errors.ts";

const taskFailed = (details: { subject?: string; hint?: string; evidence?: string; cause?: unknown } = {}) =>
  new StackspecError("TASK_FAILED", "exited with code 1, expected 0", details);

describe("an error of stackspec", () => {
  it("says in one sentence what failed, how, and what to do", () => {
    expect(taskFailed({ subject: "migrate", hint: "its log says why" }).sentence).to.equal(
      "TASK_FAILED: migrate: exited with code 1, expected 0 — its log says why",
    );
  });

  it("has a sentence without a subject and a hint too", () => {
    expect(taskFailed().sentence).to.equal("TASK_FAILED: exited with code 1, expected 0");
  });

  it("is that sentence when there is no evidence", () => {
    expect(taskFailed().message).to.equal(taskFailed().sentence);
  });

  it("shows the evidence below the sentence", () => {
    expect(taskFailed({ evidence: "log: empty" }).message).to.equal(`${taskFailed().sentence}\nlog: empty`);
  });

  it("keeps its cause", () => {
    const cause = new Error("no route to host");
    expect(taskFailed({ cause })).to.have.property("cause", cause);
  });

  it("has a code to search for", () => {
    expect(taskFailed()).to.have.property("code", "TASK_FAILED");
  });

  it("is an Error with a name of its own", () => {
    expect(String(taskFailed())).to.equal("StackspecError: TASK_FAILED: exited with code 1, expected 0");
  });
});

describe("an error with more evidence", () => {
  it("shows it below its own", () => {
    expect(taskFailed({ evidence: "log: empty" }).withEvidence("timeline: short").evidence).to.equal(
      "log: empty\ntimeline: short",
    );
  });

  it("shows it alone when it had none", () => {
    expect(taskFailed().withEvidence("timeline: short").evidence).to.equal("timeline: short");
  });

  it("is otherwise the same", () => {
    const cause = new Error("no route to host");
    const error = taskFailed({ subject: "migrate", hint: "its log says why", cause });
    const { code, sentence, cause: kept } = error.withEvidence("timeline: short");
    expect({ code, sentence, kept }).to.deep.equal({ code: error.code, sentence: error.sentence, kept: cause });
  });
});

describe("the text of what was thrown", () => {
  it("is an error's message", () => {
    expect(messageOf(new Error("no route to host"))).to.equal("no route to host");
  });

  for (const [name, thrown, text] of [
    ["a string", "no route to host", "no route to host"],
    ["undefined", undefined, "undefined"],
    ["a number", 42, "42"],
  ] as const)
    it(`is there for ${name}`, () => {
      expect(messageOf(thrown)).to.equal(text);
    });
});

describe("an error about the reader's input", () => {
  it("has the code USAGE", () => {
    expect(usageError("STACK", "expected a name").sentence).to.equal("USAGE: STACK: expected a name");
  });
});
