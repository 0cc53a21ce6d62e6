import type { HonoRequest } from "hono";
import { HTTPException } from "hono/http-exception";

const maxBytes = 100_000;
const json = /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i;

/**
 * Reads the JSON object that a request carries.
 * @throws HTTPException 413 above 100 kB, 415 for what is not declared as JSON, 400 for what is no JSON object in UTF-8
 */
export async function readObject(request: HonoRequest): Promise<object> {
  const bytes = await readBytes(request.raw);
  const type = request.header("Content-Type");
  if (type === undefined ? bytes.length > 0 : !json.test(type)) {
    throw new HTTPException(415, { message: `expected Content-Type application/json, got ${type ?? "none"}` });
  }
  const value = parse(bytes);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  const kind = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  throw new HTTPException(400, { message: `expected a JSON object, got ${kind}` });
}

function parse(bytes: Uint8Array): unknown {
  if (bytes.length === 0) throw new HTTPException(400, { message: "expected a JSON object, got an empty body" });
  try {
    // `fatal`: the default turns broken UTF-8 into other characters without saying so.
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new HTTPException(400, { message: `expected JSON in UTF-8, got: ${(cause as Error).message}`, cause });
  }
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const tooLarge = () => new HTTPException(413, { message: `expected at most ${maxBytes} bytes, got more` });
  if (Number(request.headers.get("Content-Length")) > maxBytes) throw tooLarge();
  // Not `for await`: leaving it early would cut the connection before the client has read its 413.
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(value);
  }
  return Buffer.concat(chunks);
}
