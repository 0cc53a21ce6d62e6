/** What was typed or set is wrong, and the message says all there is to say. Exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The surroundings fail the app: no database, no port, no permission. `cause` says why. Exit code 1; 503 over HTTP. */
export class Unavailable extends Error {
  override name = "Unavailable";
}

/** What went wrong, in one line: Node leaves the message of a refused connection empty when it tried several addresses. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  return (error.message || code || error.name).replaceAll(/\s*\n\s*/g, " ");
}
