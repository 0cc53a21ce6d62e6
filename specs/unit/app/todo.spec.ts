import { expect } from "chai";
import { parseChanges } from "../../../containers/app/src/todo.ts";

describe("a change of a todo", () => {
  it("holds the fields that are given, and no others", () => {
    expect(parseChanges({ title: "x", order: 0 })).to.deep.equal({ changes: { title: "x", order: 0 } });
  });

  it("may be empty", () => {
    expect(parseChanges({})).to.deep.equal({ changes: {} });
  });

  it("does not hold what is not the client's to change", () => {
    expect(parseChanges({ id: 1, url: "http://x/todos/1" })).to.deep.equal({ changes: {} });
  });

  it("may hold 256 characters, however many bytes they take", () => {
    expect(parseChanges({ title: "🎉".repeat(256) })).to.have.property("changes");
  });

  for (const order of [-(2 ** 31), 2 ** 31 - 1, null]) {
    it(`may hold the order ${order}`, () => {
      expect(parseChanges({ order })).to.deep.equal({ changes: { order } });
    });
  }

  const range = "expected an integer from -2147483648 to 2147483647 or null";
  const refused: readonly [field: string, value: unknown, message: string][] = [
    ["title", "x".repeat(257), "expected text of at most 256 characters, got 257"],
    ["title", 5, "expected text or null, got 5"],
    ["title", ["x"], "expected text or null, got an array"],
    ["title", {}, "expected text or null, got an object"],
    ["title", "\ud83c", "expected well-formed Unicode, got half a surrogate pair"],
    ["completed", "yes", 'expected true or false, got "yes"'],
    ["completed", 1, "expected true or false, got 1"],
    ["completed", null, "expected true or false, got null"],
    ["completed", "x".repeat(99), `expected true or false, got "${"x".repeat(59)}…`],
    ["order", 2 ** 31, `${range}, got 2147483648`],
    ["order", 1.5, `${range}, got 1.5`],
    ["order", "1", `${range}, got "1"`],
    ["colour", "red", "expected one of title, completed, order, got an unknown field"],
    ["__proto__", 1, "expected one of title, completed, order, got an unknown field"],
    ["constructor", 1, "expected one of title, completed, order, got an unknown field"],
  ];
  for (const [field, value, message] of refused) {
    it(`must not hold ${field}: ${JSON.stringify(value).slice(0, 20)}`, () => {
      const body = JSON.parse(`{${JSON.stringify(field)}:${JSON.stringify(value)}}`);
      expect(parseChanges(body)).to.deep.equal({ errors: Object.fromEntries([[field, [message]]]) });
    });
  }

  it("names every field that is wrong", () => {
    const result = parseChanges({ title: 1, completed: 2, order: "x", colour: 4 });
    expect(result).to.have.property("errors").that.has.all.keys("title", "completed", "order", "colour");
  });
});
