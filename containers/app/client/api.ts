/** A todo as the API shows it. */
export type Todo = Readonly<{ title: string | null; completed: boolean; url: string }>;

/** What the client asks of a todobackend. Each rejects with an Error whose message is for the user. */
export type Api = Readonly<{
  list(): Promise<readonly Todo[]>;
  add(title: string): Promise<Todo>;
  change(todo: Todo, changes: Partial<Todo>): Promise<Todo>;
  remove(todo: Todo): Promise<void>;
}>;

/** @param root the address of the list, of this origin or of another */
export function apiAt(root: string): Api {
  return {
    list: () => send("GET", root),
    add: (title) => send("POST", root, { title }),
    change: ({ url }, changes) => send("PATCH", url, changes),
    remove: ({ url }) => send("DELETE", url),
  };
}

async function send<T>(method: string, url: string, body?: object): Promise<T> {
  const json = body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const response = await fetch(url, { method, ...json }).catch((cause: unknown) => {
    throw new Error(`${url} cannot be reached.`, { cause });
  });
  const text = await response.text();
  if (!response.ok) throw new Error(reasonOf(text) ?? `${method} ${url} answered ${response.status}.`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** Why the API refused: `{ "error": "…" }`, or `{ "errors": { "title": ["…"] } }`. */
function reasonOf(text: string): string | undefined {
  try {
    const { error, errors } = JSON.parse(text) as { error?: string; errors?: Record<string, string[]> };
    const fields = Object.entries(errors ?? {}).map(([field, reasons]) => `${field}: ${reasons.join(", ")}`);
    return error ?? (fields.join("; ") || undefined);
  } catch {
    return undefined;
  }
}
