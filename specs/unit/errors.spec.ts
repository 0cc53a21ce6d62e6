import { inspect } from "node:util";
import { expect } from "chai";
import { StackspecError } from "stackspec";
import { messageOf, usageError } from "../../src/errors.ts";
import { learnSecrets } from "../../src/secrets.ts";

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

  it("can be given another name, as any Error can", () => {
    expect(String(Object.assign(taskFailed(), { name: "MigrationFailed" }))).to.match(
      /^MigrationFailed: TASK_FAILED: /,
    );
  });
});

describe("what an error of stackspec shows when it is printed", () => {
  // What is learnt stays for the run: a value that no other spec has.
  const secret = "b6b1c1f2-an-error-of-stackspec";
  learnSecrets({ API_TOKEN: secret });

  const causes = (): Error =>
    Object.assign(new Error(`no login with ${secret}`, { cause: new TypeError(`not even with ${secret}`) }), {
      request: { headers: { authorization: secret } },
    });
  const error = () =>
    new StackspecError("TASK_FAILED", `said ${secret}`, {
      subject: `task ${secret}`,
      hint: `do not say ${secret}`,
      evidence: `log: ${secret}`,
      cause: causes(),
    });

  for (const [where, shown] of Object.entries({
    "by console.error": (thrown: Error) => inspect(thrown),
    "by console.error, within something else": (thrown: Error) => inspect({ failures: [thrown] }, { depth: 9 }),
    "as JSON": (thrown: Error) => JSON.stringify(thrown),
    "as its parts": ({ message, stack, ...rest }: Error) => JSON.stringify({ message, stack, rest }),
    "by its own fields": (thrown: StackspecError) =>
      [thrown.subject, thrown.hint, thrown.evidence, thrown.what, thrown.sentence].join(),
  }))
    it(`has no secrets ${where}`, () => {
      expect(shown(error())).to.include("***").and.not.to.include(secret);
    });

  it("has the causes", () => {
    expect(inspect(error()))
      .to.include("[cause]: Error: no login with ***")
      .and.to.include("[cause]: TypeError: not even with ***");
  });

  it("has no secret that is learnt later", () => {
    const before = new StackspecError("TASK_FAILED", "said 0f9d-learnt-later-than-that");
    learnSecrets({ API_TOKEN: "0f9d-learnt-later-than-that" });
    expect(inspect(before)).to.include("TASK_FAILED: said ***");
  });

  it("has the evidence once, and its name not as a field", () => {
    const printed = inspect(taskFailed({ evidence: "log: empty" }));
    expect(printed.match(/log: empty/g)).to.have.length(1);
    expect(printed).not.to.match(/\bname:|\[cause\]/);
  });

  it("has as fields the code and the subject", () => {
    expect(Object.keys(error())).to.deep.equal(["code", "subject"]);
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

describe("an error that says how the run is to exit", () => {
  it("has that as a field, which parallel workers hand on", () => {
    expect(Object.entries(new StackspecError("TASK_FAILED", "no", { exitCode: 5 }))).to.deep.include(["exitCode", 5]);
  });

  it("has no such field otherwise", () => {
    expect(Object.keys(new StackspecError("TASK_FAILED", "no"))).not.to.include("exitCode");
  });
});

describe("an error about the reader's input", () => {
  it("has the code USAGE", () => {
    expect(usageError("STACK", "expected a name").sentence).to.equal("USAGE: STACK: expected a name");
  });
});
