import { fieldNames, type Todo, type TodoFields } from "../todo.ts";

// SQLite reads MySQL's backticks too, so that both stores share their statements.
const columns = fieldNames.map((name) => `\`${name}\``);

/** The statements that do not depend on what is asked. */
export const sql = {
  list: `SELECT \`id\`, ${columns.join(", ")} FROM \`todos\` ORDER BY \`order\` IS NULL, \`order\`, \`id\``,
  find: `SELECT \`id\`, ${columns.join(", ")} FROM \`todos\` WHERE \`id\` = ?`,
  create: `INSERT INTO \`todos\` (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
  remove: "DELETE FROM `todos` WHERE `id` = ?",
  clear: "DELETE FROM `todos`",
};

/** A value that both drivers bind. */
export type Value = string | number | null;

/** A row of `todos`. */
export type Row = Readonly<{ id: number; title: string | null; completed: number; order: number | null }>;

/** Those of the fields that are given, with their values as the columns hold them. */
function bind(fields: Partial<TodoFields>): { name: string; value: Value }[] {
  return fieldNames.flatMap((name) => {
    const value = fields[name];
    if (value === undefined) return [];
    return { name, value: typeof value === "boolean" ? Number(value) : value };
  });
}

/** What `sql.create` binds. */
export function createValues(fields: TodoFields): Value[] {
  return bind(fields).map(({ value }) => value);
}

/** The one statement that makes these changes; undefined if there are none. */
export function updateSql(id: number, changes: Partial<TodoFields>): { text: string; values: Value[] } | undefined {
  const bound = bind(changes);
  if (bound.length === 0) return undefined;
  const assignments = bound.map(({ name }) => `\`${name}\` = ?`).join(", ");
  return {
    text: `UPDATE \`todos\` SET ${assignments} WHERE \`id\` = ?`,
    values: [...bound.map(({ value }) => value), id],
  };
}

/** The todo that a row holds. */
export function toTodo({ id, title, completed, order }: Row): Todo {
  return { id, title, completed: completed !== 0, order };
}
