import { expect } from "chai";
import type { HttpClient } from "stackspec";

/** What a client may say about a todo. */
export interface Fields {
  readonly title?: string | null;
  readonly completed?: boolean;
  /** Where it stands in the list: a 32-bit integer; null stands last. */
  readonly order?: number | null;
}

/** A todo as the API shows it. */
export interface Todo extends Required<Fields> {
  readonly id: number;
  /** Absolute, as the client reached the API. */
  readonly url: string;
}

/** An address that has the form of a todo's, and no todo. */
export const unknownTodo = "/todos/2147483647";

export async function createTodo(api: HttpClient, fields: Fields = { title: "walk the dog" }): Promise<Todo> {
  const response = await api.post("/todos", fields);
  expect(response.status, "status of the answer to a new todo").to.be.within(200, 299);
  return response.body;
}

/** @param url a todo's `url` */
export async function readTodo(api: HttpClient, url: string): Promise<Todo> {
  const response = await api.get(url);
  expect(response.status, `status of ${url}`).to.be.within(200, 299);
  return response.body;
}

export async function listTodos(api: HttpClient): Promise<Todo[]> {
  const response = await api.get("/todos");
  expect(response.status, "status of the list").to.be.within(200, 299);
  return response.body;
}

export async function listTitles(api: HttpClient): Promise<Todo["title"][]> {
  return (await listTodos(api)).map((todo) => todo.title);
}

export async function deleteAllTodos(api: HttpClient): Promise<void> {
  const response = await api.delete("/todos");
  expect(response.status, "status of the answer to deleting all todos").to.be.within(200, 299);
}
