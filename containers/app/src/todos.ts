import { Hono, type Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { readObject } from "./body.ts";
import { only } from "./only.ts";
import type { Store } from "./store/store.ts";
import { defaults, parseChanges, type Todo, type TodoFields } from "./todo.ts";
import { baseUrl } from "./url.ts";

/** The list at `/`, each todo at `/:id`. */
export function todos(store: Store): Hono {
  const app = new Hono();

  app.use("/", only("GET", "HEAD", "POST", "DELETE"));
  app.get("/", async (c) => c.json((await store.list()).map((todo) => represent(c, todo))));
  app.post("/", async (c) => {
    const todo = represent(c, await store.create({ ...defaults, ...(await readChanges(c)) }));
    return c.json(todo, 201, { Location: todo.url });
  });
  app.delete("/", async (c) => {
    await store.clear();
    return c.body(null, 204);
  });

  // Only what can be an id is a known path: /todos/abc is 404 whatever the method.
  const one = "/:id{[1-9][0-9]*}";
  app.use(one, only("GET", "HEAD", "PUT", "PATCH", "DELETE"));
  app.get(one, async (c) => c.json(represent(c, found(c, await store.find(idOf(c))))));
  // A PUT with some fields only keeps the others, as PATCH does: that is the contract of todo-backend.
  app.on(["PUT", "PATCH"], one, async (c) => {
    const changes = await readChanges(c);
    return c.json(represent(c, found(c, await store.update(idOf(c), changes))));
  });
  app.delete(one, async (c) => {
    if (!(await store.remove(idOf(c)))) throw notFound(c);
    return c.body(null, 204);
  });
  return app;
}

async function readChanges(c: Context): Promise<Partial<TodoFields>> {
  const result = parseChanges(await readObject(c.req));
  if ("changes" in result) return result.changes;
  throw new HTTPException(400, { res: c.json({ errors: result.errors }, 400) });
}

function idOf(c: Context): number {
  const id = Number(c.req.param("id"));
  // Beyond this, numbers stand for their neighbours as well, and could find one of them.
  if (!Number.isSafeInteger(id)) throw notFound(c);
  return id;
}

function found<T>(c: Context, value: T | undefined): T {
  if (value === undefined) throw notFound(c);
  return value;
}

function notFound(c: Context): HTTPException {
  return new HTTPException(404, { message: `expected the id of a todo, got ${c.req.param("id")}` });
}

function represent(c: Context, { id, title, completed, order }: Todo): Todo & { url: string } {
  return { id, title, completed, order, url: `${baseUrl(c.req)}/todos/${id}` };
}
