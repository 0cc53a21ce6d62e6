import type { MiddlewareHandler } from "hono";

/** Lets these methods through and answers 405 to all others. (OPTIONS has been answered before, by the CORS middleware.) */
export function only(...methods: readonly string[]): MiddlewareHandler {
  const allow = [...methods, "OPTIONS"].join(", ");
  return async (c, next) => {
    if (methods.includes(c.req.method)) return next();
    return c.json({ error: `expected one of ${allow}, got ${c.req.method}` }, 405, { Allow: allow });
  };
}
