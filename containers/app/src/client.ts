import { fileURLToPath } from "node:url";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { assets } from "./assets.ts";
import { only } from "./only.ts";
import { baseUrl } from "./url.ts";

declare const BUNDLED: true | undefined;

/** The web client at `/client/`. Where the app runs from its sources, its script is bundled when it is first asked for. */
export function client(): Hono {
  const app = new Hono();
  app.use(only("GET", "HEAD"));
  app.get("/", async (c, next) => (c.req.path.endsWith("/") ? next() : c.redirect(`${baseUrl(c.req)}/client/`)));
  if (typeof BUNDLED === "undefined") {
    let script: Promise<string> | undefined;
    app.get("/client.js", async (c) => {
      script ??= import("../bundle-client.ts").then(({ bundleClient }) => bundleClient());
      return c.body(await script, 200, { "Content-Type": "text/javascript; charset=utf-8" });
    });
  }
  app.get("/*", serveStatic({ root: fileURLToPath(new URL("static", assets)) }));
  return app;
}
