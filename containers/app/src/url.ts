import type { HonoRequest } from "hono";

const host = /^[\w.:[\]-]+$/;
const prefix = /^(\/[\w.~-]+)*$/;

/**
 * The address under which the client reached this app, without a slash at its end: as the proxy in front says, if there
 * is one, else as the request says. What does not look like a protocol, a host or a path is passed over.
 */
export function baseUrl(request: HonoRequest): string {
  // Through several proxies each appends its own; the first one is what the client saw.
  const forwarded = (name: string, valid: RegExp) => {
    const first = request.header(`X-Forwarded-${name}`)?.split(",", 1)[0]?.trim().replace(/\/$/, "");
    return first !== undefined && valid.test(first) ? first : undefined;
  };
  const own = new URL(request.url);
  const protocol = forwarded("Proto", /^https?$/) ?? own.protocol.slice(0, -1);
  return `${protocol}://${forwarded("Host", host) ?? own.host}${forwarded("Prefix", prefix) ?? ""}`;
}
