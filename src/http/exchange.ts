import { channel } from "node:diagnostics_channel";
import type superagent from "superagent";
import { mask } from "../secrets.ts";

/** How many requests are remembered, and how much of a body is shown. */
const REMEMBERED = 10;
const BODY_CHARACTERS = 2_000;

/** Headers that prove who one is, whatever their value looks like. */
const SECRET_HEADER = /authorization|\bauth\b|cookie|password|token|secret|key/i;

/** A request and what came of it. */
interface Exchange {
  readonly request: string;
  answer: string;
  tookMs: number;
}

/** Where every client tells what it sends: a spec makes clients by itself, and hands them no record to write to. */
// Stryker disable next-line StringLiteral: any name does, as long as all copies of this package have the same
const sentByClients = channel("stackspec:http:sent");

/** The last requests that the clients of this process have sent. */
export interface ExchangeRecord {
  /** Forgets them: a new spec begins. */
  forget(): void;
  /** They and their answers, as text for people: bodies bounded, secrets masked. Empty when there were none. */
  text(): string;
}

/** Remembers what is sent from now on, as long as this process lives. */
export function recordExchanges(): ExchangeRecord {
  let exchanges: readonly Exchange[] = [];
  sentByClients.subscribe((exchange) => {
    exchanges = [...exchanges.slice(1 - REMEMBERED), exchange as Exchange];
  });
  return {
    forget() {
      exchanges = [];
    },
    text: () =>
      mask(exchanges.map(({ request, answer, tookMs }) => `→ ${request}\n← ${answer} (${tookMs} ms)`).join("\n\n")),
  };
}

/** Tells of a request when it is sent, and of what becomes of it. */
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
    sentByClients.publish(exchange);
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
  return Object.entries(headers).map(([name, value]) => `${name}: ${SECRET_HEADER.test(name) ? "***" : String(value)}`);
}

function bodyLines(body: unknown): string[] {
  if (body === undefined || body === "") return [];
  // Masked before it is cut: of a secret that is cut, nobody knows the rest.
  const text = mask(typeof body === "string" ? body : JSON.stringify(body));
  return ["", text.length > BODY_CHARACTERS ? `${text.slice(0, BODY_CHARACTERS)}… (${text.length} characters)` : text];
}
