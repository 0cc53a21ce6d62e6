import type { BrowserContext, ConsoleMessage, Request } from "playwright-core";

/** What the pages of a browser context tell. */
export interface ContextWatch {
  /** All of it, for who reads of a failed spec: lines, and when each was told, in milliseconds of Unix time. */
  readonly lines: readonly string[];
  readonly atMs: readonly number[];
  /** Errors and failed requests, but for what was to be ignored. */
  readonly problems: readonly string[];
}

/** A request that failed is told by an event of its own; a browser asks for an icon without being told to. */
const TOLD_OTHERWISE = /^Failed to load resource: net::/;
const ICON = /\/favicon\.ico$/;
/** A page that is left, or closed, does not wait for its requests. */
const ABORTED = "net::ERR_ABORTED";

/**
 * Listens to the pages of a context: what they write to the console, what they throw, and which requests get no answer.
 *
 * @param ignored what is no problem when a line matches one of these
 */
export function watchContext(context: BrowserContext, ignored: readonly RegExp[]): ContextWatch {
  const lines: string[] = [];
  const atMs: number[] = [];
  const problems: string[] = [];
  const note = (line: string, isProblem: boolean): void => {
    lines.push(line);
    atMs.push(Date.now());
    if (isProblem && !ignored.some((pattern) => pattern.test(line))) problems.push(line);
  };
  context.on("console", (message) => {
    const { url } = message.location();
    if (TOLD_OTHERWISE.test(message.text()) || ICON.test(url)) return;
    note(consoleLine(message), message.type() === "error");
  });
  context.on("weberror", (thrown) => {
    const error: unknown = thrown.error();
    note(`uncaught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, true);
  });
  context.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "no reason";
    note(`request failed: ${shown(request)}: ${reason}`, reason !== ABORTED);
  });
  context.on("requestfinished", (request) => void tellAnswer(request));
  const tellAnswer = async (request: Request): Promise<void> => {
    if (!["document", "fetch", "xhr"].includes(request.resourceType())) return;
    const response = await request.response().catch(() => null);
    if (response !== null) note(`${shown(request)} answered ${response.status()}`, false);
  };
  return { lines, atMs, problems };
}

function shown(request: Request): string {
  return `${request.method()} ${request.url()}`;
}

function consoleLine(message: ConsoleMessage): string {
  const { url, lineNumber } = message.location();
  return `console ${message.type()}: ${message.text()}${url === "" ? "" : ` (${url}:${lineNumber + 1})`}`;
}
