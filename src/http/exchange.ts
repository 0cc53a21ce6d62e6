import type superagent from "superagent";
import { mask } from "../secrets.ts";

/** How many requests are remembered, and how much of a body is shown. */
const REMEMBERED = 10;
const BODY_CHARACTERS = 2_000;

/** A request and what came of it. */
interface Exchange {
  readonly request: string;
  answer: string;
  tookMs: number;
}

let exchanges: Exchange[] = [];

/** Forgets what was recorded: a new spec begins. */
export function forgetExchanges(): void {
  exchanges = [];
}

/** The last requests and their answers, as text for people: bodies bounded, secrets masked. Empty when there were none. */
export function exchangesText(): string {
  return mask(exchanges.map(({ request, answer, tookMs }) => `→ ${request}\n← ${answer} (${tookMs} ms)`).join("\n\n"));
}

/** Records what becomes of a request. */
export function record(request: superagent.Request): void {
  const sent = request as superagent.Request & {
    method: string;
    url: string;
    header: Record<string, string>;
    _data?: unknown;
  };
  sent.once("request", () => {
    const startedAt = performance.now();
    const exchange: Exchange = {
      request: [`${sent.method} ${sent.url}`, ...headerLines(sent.header), ...bodyLines(sent._data)].join("\n  "),
      answer: "no answer yet",
      tookMs: 0,
    };
    exchanges = [...exchanges.slice(1 - REMEMBERED), exchange];
    const settle = (answer: string): void => {
      exchange.answer = answer;
      exchange.tookMs = Math.round(performance.now() - startedAt);
    };
    sent.once("response", ({ status, headers, text }: superagent.Response) =>
      settle([String(status), ...headerLines(headers), ...bodyLines(text)].join("\n  ")),
    );
    sent.once("error", (error: Error) => settle(`no answer: ${error.message}`));
  });
}

function headerLines(headers: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(headers).map(
    ([name, value]) => `${name}: ${/^(authorization|cookie|set-cookie)$/i.test(name) ? "***" : String(value)}`,
  );
}

function bodyLines(body: unknown): string[] {
  if (body === undefined || body === "") return [];
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return ["", text.length > BODY_CHARACTERS ? `${text.slice(0, BODY_CHARACTERS)}… (${text.length} characters)` : text];
}
