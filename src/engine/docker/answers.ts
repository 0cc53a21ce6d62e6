import type Dockerode from "dockerode";
import { StackspecError } from "../../errors.ts";
import { isPodmanVersion } from "../../images/podman.ts";

/** What a call that an engine has refused fails with: its words, the call, and which engine it was. */
interface Refusal extends Error {
  readonly statusCode: number;
}

/** The name of such errors, which is their code where nobody has foreseen them. */
const CODE = "ENGINE_REFUSED";

/** What an engine is called, by its own words: "Docker 20.10.24", "Podman 5.8.6". */
export function engineName(version: Partial<Dockerode.DockerVersion>): string {
  return `${isPodmanVersion(version) ? "Podman" : "Docker"} ${version.Version ?? "of an unknown version"}`;
}

/** Whether an engine is one that is called so. */
export function isPodman({ name }: { readonly name: string }): boolean {
  return name.startsWith("Podman");
}

/** Makes each call of a client that its engine refuses say which call it was, and which engine. */
export function explainRefusals({ modem }: Dockerode, engine: string): void {
  const { dial } = modem;
  modem.dial = (options, callback) =>
    dial.call(modem, options, (error: unknown, data) => {
      if (isRefusal(error)) explain(error, engine, `${options.method} ${options.path.replace(/\?.*/, "")}`);
      callback?.(error as Error | null, data);
    });
}

/** An error as it is, or, when it is an engine's refusal that nobody has foreseen, as one with a code. */
export function withCode(error: unknown): unknown {
  if (!isRefusal(error)) return error;
  return new StackspecError(CODE, error.message, { hint: "see the engine's own log", cause: error });
}

function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && "statusCode" in error;
}

function explain(error: Refusal, engine: string, call: string): void {
  // "(HTTP code 500) server error - its words "
  const words = error.message.replace(/^\(HTTP code \d+\) [^-]* - /, "").trim();
  error.message = `${words} (${engine} answered ${error.statusCode} to ${call})`;
  error.name = CODE;
  error.stack = `${CODE}: ${error.message}`;
}
