import type { Todo, TodoFields } from "../todo.ts";

/** Where the todos are kept. Every function rejects with `Unavailable` when the database cannot be used. */
export type Store = Readonly<{
  /** Applies the migrations that this database has not seen yet, and names them. */
  migrate(): Promise<readonly string[]>;
  /** All todos by their order, those without one last, and by id. */
  list(): Promise<readonly Todo[]>;
  create(fields: TodoFields): Promise<Todo>;
  find(id: number): Promise<Todo | undefined>;
  /** Sets the fields that are given, at once, and answers with the whole. */
  update(id: number, changes: Partial<TodoFields>): Promise<Todo | undefined>;
  /** Whether there was one. */
  remove(id: number): Promise<boolean>;
  clear(): Promise<void>;
  close(): Promise<void>;
}>;
