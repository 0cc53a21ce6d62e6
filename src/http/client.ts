import superagent from "superagent";
import { usageError } from "../errors.ts";
import { keepConnection } from "./connection.ts";
import { answerTimeoutMs } from "./deadline.ts";
import { record, showInLine } from "./exchange.ts";

/** A superagent request: add `.set()`, `.query()`, `.send()` as you like, then await it. */
export type Request = superagent.Request;
/** A superagent response: `status`, `headers`, `body`, `text`. */
export type Response = superagent.Response;

/**
 * Sends requests to one service. Answers of every status resolve: a 404 is an answer, not an error. No answer within 30 s, or
 * before mocha's timeout of the spec is over, is one; `.timeout(ms)` says otherwise.
 */
export interface HttpClient {
  /** The service's address, with no slash at its end. */
  readonly url: string;
  get(path: string): Request;
  head(path: string): Request;
  post(path: string, body?: object): Request;
  put(path: string, body?: object): Request;
  patch(path: string, body?: object): Request;
  delete(path: string): Request;
  options(path: string): Request;
}

/**
 * A client for the service at `url`.
 *
 * @param url absolute, http or https; paths are appended to it. A path that is itself an absolute
 *   URL (a `Location` header, a `url` field) is used as it is.
 * @param options `recorded`: failing specs show its requests and answers (default true)
 * @throws StackspecError `USAGE` when `url` is not such an address
 */
export function httpClient(url: string, options: { recorded?: boolean } = {}): HttpClient {
  const base = checkUrl(url).replace(/\/+$/, "");
  const request = (method: string, path: string, body?: object): Request => {
    const target = /^https?:\/\//.test(path) ? path : `${base}/${path.replace(/^\//, "")}`;
    const made = superagent(method, target)
      .ok(() => true)
      .redirects(0)
      .timeout(answerTimeoutMs())
      .on("error", (error: Error & { timeout?: number }) => {
        if (error.timeout !== undefined) error.message = `${method} ${target}: no answer within ${error.timeout} ms`;
        // What Node says of it: https://nodejs.org/api/http.html#class-httpclientrequest
        if (error.message === "aborted")
          error.message = `${method} ${target}: the answer was aborted, for its connection was closed in the middle`;
      });
    keepConnection(made, target.startsWith("https:") ? "https:" : "http:");
    showInLine(made, method, path);
    if (options.recorded !== false) record(made);
    return made.send(body);
  };
  return {
    url: base,
    get: (path) => request("GET", path),
    head: (path) => request("HEAD", path),
    post: (path, body) => request("POST", path, body),
    put: (path, body) => request("PUT", path, body),
    patch: (path, body) => request("PATCH", path, body),
    delete: (path) => request("DELETE", path),
    options: (path) => request("OPTIONS", path),
  };
}

function checkUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== "http:" && parsed?.protocol !== "https:")
    throw usageError("URL", `expected an http or https address such as https://host/todos, got "${url}"`);
  return parsed.href;
}
