import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type superagent from "superagent";

/** Connections stay open between requests, as a browser's do; without an agent superagent makes a new one for each. */
const KEPT = { keepAlive: true };
const agents = {
  "http:": { kept: new http.Agent(KEPT), fresh: new http.Agent() },
  "https:": { kept: new https.Agent(KEPT), fresh: new https.Agent() },
};
/** How a connection fails that its other end has closed. */
const CLOSED = new Set(["ECONNRESET", "EPIPE"]);

/** What of a request is not in its types. */
type Sent = superagent.Request & {
  readonly req: http.ClientRequest;
  /** Bodies that can be sent once only. */
  readonly _formData: object | null;
  readonly _streamRequest: boolean;
};

/**
 * Sends the request on a connection that is kept open. A server may have closed that one just before, as uWSGI does
 * without saying so: then the request is sent once more, on a new connection.
 *
 * That is safe, and hides no failure, for it is done only where
 * - Node says that the connection had served another request before (`request.reusedSocket`, whose documentation has
 *   this use: https://nodejs.org/api/http.html#requestreusedsocket), so it fails for its age, not for this request;
 * - it was closed, and not one byte had come back: a server that took the request would have begun to answer;
 * - the body is still there to be sent. What a spec streams is not.
 *
 * A server that dies of a request is therefore asked twice; the second failure is the spec's, as any on a new connection.
 */
export function keepConnection(request: superagent.Request, protocol: "http:" | "https:"): void {
  const { kept, fresh } = agents[protocol];
  const sent = request as Sent;
  let socket: Socket | undefined;
  let readBefore = 0;
  sent
    .agent(kept)
    .on("request", () =>
      sent.req.once("socket", (used) => {
        socket = used;
        readBefore = used.bytesRead;
      }),
    )
    // A spec that says `.retry()` itself takes the place of this one.
    .retry(1, (error) => {
      const isClosed = CLOSED.has((error as NodeJS.ErrnoException | null)?.code ?? "");
      const isUnanswered = socket?.bytesRead === readBefore;
      if (!isClosed || !isUnanswered || !sent.req.reusedSocket || sent.agent() !== kept) return false;
      if (sent._formData !== null || sent._streamRequest) return false;
      sent.agent(fresh);
      return true;
    });
}
