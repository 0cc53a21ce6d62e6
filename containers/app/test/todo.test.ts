import { deepEqual, match } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseChanges } from "../src/todo.ts";

/** What a body is refused for, by field. */
function refusals(body: object): Readonly<Record<string, readonly string[]>> {
  const parsed = parseChanges(body);
  return "errors" in parsed ? parsed.errors : {};
}

describe("the body of a request", () => {
  it("sets the fields that it has, and no others", () => {
    deepEqual(parseChanges({ title: "walk the dog" }), { changes: { title: "walk the dog" } });
  });

  it("may set title and order to null", () => {
    deepEqual(parseChanges({ title: null, order: null }), { changes: { title: null, order: null } });
  });

  it("may repeat id and url, which change nothing", () => {
    deepEqual(parseChanges({ id: 7, url: "http://todos.example/todos/7" }), { changes: {} });
  });

  it("is refused for a title of 257 emoji, and not for one of 256", () => {
    deepEqual(refusals({ title: "🐕".repeat(256) }), {});
    match(refusals({ title: "🐕".repeat(257) })["title"]![0]!, /at most 256 characters, got 257/);
  });

  it("is refused for half a surrogate pair, which no database stores", () => {
    match(refusals({ title: "\ud83d" })["title"]![0]!, /well-formed Unicode/);
  });

  for (const order of [2 ** 31, -(2 ** 31) - 1, 1.5, "1"])
    it(`is refused for the order ${JSON.stringify(order)}`, () => {
      match(refusals({ order })["order"]![0]!, /expected an integer/);
    });

  it("is refused for a field that no todo has, by its name", () => {
    deepEqual(Object.keys(refusals({ titel: "walk the dog" })), ["titel"]);
  });

  it("is refused for all that is wrong with it at once", () => {
    deepEqual(new Set(Object.keys(refusals({ title: 1, completed: "yes" }))), new Set(["completed", "title"]));
  });
});
