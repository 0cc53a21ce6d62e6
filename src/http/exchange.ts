import { channel } from "node:diagnostics_channel";
import type superagent from "superagent";
import { mask } from "../secrets.ts";

/** How many requests are remembered, and how much of a body is shown. */
const REMEMBERED = 10;
const BODY_CHARACTERS = 2_000;

/** Headers that prove who one is, whatever their value looks like. */
const SECRET_HEADER = /authorization|\bauth\b|cookie|password|token|secret|key/i;

/** A request and what came of it so far. */
interface Exchange {
  /** As text for people: made when it is asked for, as nobody looks at the exchanges of a spec that passes. */
  text(): string;
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
  const exchanges: Exchange[] = [];
  sentByClients.subscribe((exchange) => {
    exchanges.push(exchange as Exchange);
    if (exchanges.length > REMEMBERED) exchanges.shift();
  });
  return {
    forget() {
      exchanges.length = 0;
    },
    text: () => mask(exchanges.map((exchange) => exchange.text()).join("\n\n")),
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
  let timesSent = 0;
  sent.on("request", () => {
    timesSent += 1;
    if (timesSent > 1) return;
    const startedAt = performance.now();
    const body = written(sent._data);
    let answer = (): string => "no answer yet";
    let tookMs = 0;
    const settle = (answered: () => string): void => {
      answer = answered;
      tookMs = Math.round(performance.now() - startedAt);
    };
    sent.once("response", ({ status, headers, text }: superagent.Response) =>
      settle(() => [String(status), ...headerLines(headers), ...bodyLines(text)].join("\n  ")),
    );
    sent.once("error", (error: Error) => settle(() => `no answer: ${error.message}`));
    sentByClients.publish({
      text() {
        const again = timesSent > 1 ? " (once more: the connection that was kept open had been closed)" : "";
        const lines = [`${sent.method} ${sent.url}${again}`, ...headerLines(sent.header), ...bodyLines(body)];
        return `→ ${lines.join("\n  ")}\n← ${answer()} (${tookMs} ms)`;
      },
    } satisfies Exchange);
  });
}

/** A body as it is sent. A spec may go on to change the object that it comes from. */
function written(body: unknown): string | undefined {
  return body === undefined || typeof body === "string" ? body : JSON.stringify(body);
}

function headerLines(headers: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${SECRET_HEADER.test(name) ? "***" : String(value)}`);
}

function bodyLines(body: string | undefined): string[] {
  if (body === undefined || body === "") return [];
  // Masked before it is cut: of a secret that is cut, nobody knows the rest.
  const text = mask(body);
  return ["", text.length > BODY_CHARACTERS ? `${text.slice(0, BODY_CHARACTERS)}… (${text.length} characters)` : text];
}
