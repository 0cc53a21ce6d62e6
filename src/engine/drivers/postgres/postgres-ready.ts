import { messageOf } from "../../../errors.ts";
import { ANSWER_TIMEOUT_MS, Refusal } from "../../container/asking.ts";
import type { Asked } from "../../../stack/driver.ts";
import { databaseOf, userOf, variable } from "./postgres-server.ts";

/** The server runs and says no: https://www.postgresql.org/docs/18/errcodes-appendix.html */
const WRONG_USER: ReadonlySet<string> = new Set(["28P01", "28000"]);
const NO_DATABASE = "3D000";

/** Asks a server once whether it serves the user that its environment declares: nothing when it does, else why not. */
export async function askPostgres(asked: Asked): Promise<Error | undefined> {
  const pg = await import("pg");
  const user = userOf(asked);
  const password = variable(asked, "POSTGRES_PASSWORD");
  const client = new pg.default.Client({
    host: asked.host,
    port: asked.port,
    user,
    password,
    database: databaseOf(asked),
    connectionTimeoutMillis: ANSWER_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
  });
  client.on("error", () => {}); // It is told by what failed for it.
  try {
    await client.connect();
    await client.query("SELECT 1");
    return undefined;
  } catch (error) {
    const { code = "" } = error as { code?: string };
    // A password in a file is only the container's to read: who is asked for it is there.
    if (WRONG_USER.has(code) && password === undefined) return undefined;
    return WRONG_USER.has(code) || code === NO_DATABASE
      ? new Refusal(`the server refuses the connection: ${messageOf(error)}`)
      : (error as Error);
  } finally {
    await client.end().catch(() => {});
  }
}
