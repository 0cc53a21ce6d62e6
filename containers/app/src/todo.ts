import * as v from "valibot";

/** What a client decides about a todo. */
export type TodoFields = Readonly<{
  /** At most 256 characters (code points). */
  title: string | null;
  completed: boolean;
  /** Where it stands in the list: ascending, those without one last. A 32-bit integer. */
  order: number | null;
}>;

/** A todo as it is stored. */
export type Todo = TodoFields & Readonly<{ id: number }>;

/** The fields of a new todo that its client leaves out. */
export const defaults: TodoFields = { title: null, completed: false, order: null };

/** Why a body was refused, for each field that is wrong. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>;

const longestTitle = 256;
const minOrder = -(2 ** 31);
const maxOrder = 2 ** 31 - 1;

const title = v.pipe(
  v.string(({ input }) => `expected text or null, got ${show(input)}`),
  // Half a surrogate pair has no UTF-8 form: a database would store something else without saying so.
  v.check((text) => text.isWellFormed(), "expected well-formed Unicode, got half a surrogate pair"),
  v.check(
    (text) => [...text].length <= longestTitle,
    ({ input }) => `expected text of at most ${longestTitle} characters, got ${[...input].length}`,
  ),
);

const order = v.custom<number>(
  (input) => Number.isInteger(input) && Number(input) >= minOrder && Number(input) <= maxOrder,
  ({ input }) => `expected an integer from ${minOrder} to ${maxOrder} or null, got ${show(input)}`,
);

const changes = v.object({
  title: v.exactOptional(v.nullable(title)),
  completed: v.exactOptional(v.boolean(({ input }) => `expected true or false, got ${show(input)}`)),
  order: v.exactOptional(v.nullable(order)),
});

/** Its own fields, in the order of their columns. */
export const fieldNames = ["title", "completed", "order"] as const satisfies readonly (keyof TodoFields)[];

/** A client may send back what it was sent; these are not its to change, and are passed over. */
const readOnly = ["id", "url"];

/** The fields that a body sets, or what is wrong with each of its fields. */
export function parseChanges(body: object): { changes: Partial<TodoFields> } | { errors: FieldErrors } {
  const known = new Set<string>([...fieldNames, ...readOnly]);
  const unknown = Object.keys(body).filter((name) => !known.has(name));
  const result = v.safeParse(changes, body);
  if (result.success && unknown.length === 0) return { changes: result.output };
  const refusals = unknown.map((name) => [name, [`expected one of ${fieldNames.join(", ")}, got an unknown field`]]);
  const issues = result.issues ? v.flatten<typeof changes>(result.issues).nested : {};
  return { errors: Object.fromEntries([...Object.entries(issues ?? {}), ...refusals]) };
}

/** A JSON value for a message: short, and never deeper than its own first level. */
function show(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}
