import { connect } from "node:net";
import { ANSWER_TIMEOUT_MS, Refusal } from "../../container/asking.ts";
import type { Asked } from "../../../stack/driver.ts";
import { passwordIn } from "./redis-password.ts";

/** The server runs and says no, as long as its settings are what they are. */
const REFUSED = /^-(WRONGPASS|DENIED|ERR AUTH)/;
/** Whoever asks has no password: the server has one in a file of its container. Or may not ask: it was told what others may. */
const PRIVATE = /^-(NOAUTH|NOPERM)/;

/** Asks a server once for a PONG, with the password that its command says: nothing when that comes, else why not. */
export async function askRedis(asked: Asked): Promise<Error | undefined> {
  const password = passwordIn(asked);
  const commands = [...(password === undefined || password === "" ? [] : [["AUTH", password]]), ["PING"]];
  const socket = connect({ host: asked.host, port: asked.port, timeout: ANSWER_TIMEOUT_MS });
  socket.once("timeout", () => socket.destroy(new Error(`no answer to PING within ${ANSWER_TIMEOUT_MS / 1_000} s`)));
  socket.write(commands.map(encoded).join(""));
  let text = "";
  for await (const data of socket.setEncoding("utf8")) {
    text += String(data);
    const lines = text.split("\r\n").slice(0, -1);
    const failed = lines.find((line) => line.startsWith("-"));
    if (failed !== undefined && PRIVATE.test(failed)) return undefined;
    if (failed !== undefined && REFUSED.test(failed))
      return new Refusal(`the server refuses the connection: ${failed.slice(1)}`);
    if (failed !== undefined) return new Error(`the server answers: ${failed.slice(1)}`);
    if (lines.at(-1) === "+PONG") return undefined;
  }
  return new Error(`expected PONG, got ${JSON.stringify(text.slice(0, 100))}`);
}

/** A command as Redis reads it: https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function encoded(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}
