// Not chai: what fast-check reports is the message alone, and only this one says what differs.
import { deepStrictEqual as agree } from "node:assert/strict";
import fc from "fast-check";
import { type HttpClient, useTarget } from "stackspec";
import { createTodo, deleteAllTodos, type Fields, listTodos, readTodo, type Todo } from "./todobackend.ts";

/** What the API should hold, in the order in which it was created. */
interface Model {
  todos: Todo[];
}
type Command = fc.AsyncCommand<Model, HttpClient>;
type TodoStep = (todo: Todo, model: Model, api: HttpClient) => Promise<void>;

/** Any character but NUL; halves of characters are none. fast-check's own would first list all 1.1 million of them. */
const anyCharacter = fc
  .oneof(fc.integer({ min: 1, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));
/** Characters as people combine them (emoji of several parts, accents, conjuncts), or just any. */
const characters = fc
  .constantFrom("grapheme" as const, anyCharacter)
  .chain((unit) => fc.string({ unit, minLength: 1, maxLength: 20, size: "max" }));
/** Long texts repeat themselves: that many different characters would take a minute to shrink to a short example. */
const text = (length: fc.Arbitrary<number>) =>
  fc.tuple(characters, length).map(([some, count]) => [...some.repeat(count)].slice(0, count).join(""));

const titles = text(fc.oneof(fc.nat(20), fc.integer({ min: 250, max: 256 })));
const order = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer());
const fields: fc.Arbitrary<Fields> = fc.record(
  { title: fc.option(titles), completed: fc.boolean(), order: fc.option(order) },
  { requiredKeys: [] },
);

/** A step that is always possible. */
const step = (name: string, run: Command["run"]): Command => ({ check: () => true, run, toString: () => name });

/** A step with one of the todos that there are by then. */
const stepWithTodo = (name: string, pick: number, run: TodoStep): Command => ({
  check: ({ todos }) => todos.length > 0,
  run: (model, api) => run(model.todos[pick % model.todos.length] as Todo, model, api),
  toString: () => `${name} of todo ${pick}`,
});

const create = fields.map((given) =>
  step(`create ${JSON.stringify(given)}`, async (model, api) => {
    const todo = await createTodo(api, given);
    const { id, url } = todo;
    agree(todo, { id, title: null, completed: false, order: null, ...given, url });
    model.todos.push(todo);
  }),
);

const updateMethod = fc.constantFrom("put" as const, "patch" as const);
const update = fc.tuple(updateMethod, fc.nat(9), fields).map(([method, pick, change]) =>
  stepWithTodo(`${method} ${JSON.stringify(change)}`, pick, async (todo, model, api) => {
    const updated = { ...todo, ...change };
    const response = await api[method](todo.url, change);
    agree(response.body, updated);
    model.todos = model.todos.map((other) => (other === todo ? updated : other));
  }),
);

const read = fc.nat(9).map((pick) =>
  stepWithTodo("read", pick, async (todo, _model, api) => {
    agree(await readTodo(api, todo.url), todo);
  }),
);

const remove = fc.nat(9).map((pick) =>
  stepWithTodo("delete", pick, async (todo, model, api) => {
    agree((await api.delete(todo.url)).status, 204);
    agree((await api.get(todo.url)).status, 404);
    model.todos = model.todos.filter((other) => other !== todo);
  }),
);

const removeAll = fc.constant(
  step("delete all", async (model, api) => {
    await deleteAllTodos(api);
    model.todos = [];
  }),
);

const list = fc.constant(step("list", compareLists));

async function compareLists({ todos }: Model, api: HttpClient): Promise<void> {
  agree(await listTodos(api), todos.toSorted(byOrder));
}

/** By order, null last; equal ones stay as they were created. */
function byOrder(one: Todo, other: Todo): number {
  const [first, second] = [one.order ?? Infinity, other.order ?? Infinity];
  return first === second ? 0 : first - second;
}

describe("properties", function () {
  this.timeout(60_000);
  const api = useTarget();
  const bounds = { interruptAfterTimeLimit: 30_000, includeErrorInReport: true };

  it("whatever is created, updated and deleted, in whatever sequence, the API shows just that", async () => {
    const steps = [create, create, create, create, update, update, update, read, remove, list, removeAll];
    const sequences = fc.commands(steps, { maxCommands: 25, size: "max" });
    const property = fc.asyncProperty(sequences, async (commands) => {
      await deleteAllTodos(api);
      const model: Model = { todos: [] };
      await fc.asyncModelRun(() => ({ model, real: api }), commands);
      await compareLists(model, api);
    });
    await fc.assert(property, { numRuns: 30, ...bounds });
  });

  it("a title of whatever characters is accepted up to a length of 256, and refused above", async () => {
    const property = fc.asyncProperty(
      text(fc.oneof(fc.nat(300), fc.integer({ min: 255, max: 258 }))),
      async (title) => {
        const response = await api.post("/todos", { title });
        agree(response.status, [...title].length <= 256 ? 201 : 400);
      },
    );
    await fc.assert(property, { numRuns: 50, ...bounds });
  });
});
