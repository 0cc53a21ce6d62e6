import { fileURLToPath } from "node:url";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { accepts } from "hono/accepts";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { assets } from "./assets.ts";
import { client } from "./client.ts";
import { Unavailable } from "./errors.ts";
import type { Log } from "./log.ts";
import { only } from "./only.ts";
import { page } from "./page.ts";
import type { Store } from "./store/store.ts";
import { todos } from "./todos.ts";
import { baseUrl } from "./url.ts";

/** The HTTP side of the app: `/`, `/todos`, `/client/` and `/static`, open to every origin. */
export function createApp({ store, log }: Readonly<{ store: Store; log: Log }>): Hono {
  const app = new Hono();
  app.use(
    cors({
      origin: "*",
      allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
      allowHeaders: ["Content-Type", "*"],
      exposeHeaders: ["Location", "Allow"],
      maxAge: 7200,
    }),
  );

  app.use("/", only("GET", "HEAD"));
  app.get("/", (c) => {
    const base = baseUrl(c.req);
    c.header("Vary", "Accept", { append: true });
    const type = accepts(c, {
      header: "Accept",
      supports: ["application/json", "text/html"],
      default: "application/json",
    });
    return type === "text/html" ? c.html(page(base)) : c.json({ todos: `${base}/todos` });
  });

  app.route("/todos", todos(store));

  // Behind nginx these never arrive: it serves what collectstatic put into the volume they share.
  app.route("/client", client());
  app.use("/static/*", only("GET", "HEAD"));
  app.get("/static/*", serveStatic({ root: fileURLToPath(assets) }));

  app.notFound((c) => c.json({ error: `expected a known path, got ${c.req.path}` }, 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.res ?? c.json({ error: error.message }, error.status);
    log.error("request failed", { method: c.req.method, path: c.req.path, error });
    if (error instanceof Unavailable) return c.json({ error: "the database is unavailable" }, 503);
    return c.json({ error: "internal error" }, 500);
  });
  return app;
}
