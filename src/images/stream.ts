import { createInterface } from "node:readline";

/** One line of what the engine says while it pulls, builds or imports. */
interface Message {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

/**
 * Reads the engine's answer to its end, because its errors come in the middle of a 200.
 *
 * @param onMessage told each message
 * @returns everything it printed
 * @throws Error with the engine's own words
 */
export async function readToEnd(
  stream: NodeJS.ReadableStream,
  onMessage: (message: Message) => void,
): Promise<string[]> {
  const printed: string[] = [];
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (line.trim() === "") continue;
    const message = JSON.parse(line) as Message;
    const text = (message.stream ?? message.status)?.trimEnd();
    if (text) printed.push(text);
    if (message.error !== undefined)
      throw Object.assign(new Error(message.errorDetail?.message ?? message.error), { printed });
    onMessage(message);
  }
  return printed;
}

/** Adds up the layers of a pull: "34 of 120 MB". */
export function pullMeter(): (message: Message) => string | undefined {
  const layers = new Map<string, { current: number; total: number }>();
  return ({ id, progressDetail }) => {
    if (id === undefined || progressDetail?.total === undefined) return undefined;
    layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total });
    const sum = (key: "current" | "total"): string =>
      Math.round([...layers.values()].reduce((bytes, layer) => bytes + layer[key], 0) / 1e6).toString();
    return `${sum("current")} of ${sum("total")} MB`;
  };
}
