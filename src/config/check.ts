import * as v from "valibot";
import { usageError } from "../errors.ts";

/** A switch: `0`, `1`, `true` or `false`; off when not set. */
export const flag = v.optional(
  v.pipe(
    v.picklist(["0", "1", "true", "false"]),
    v.transform((text) => text === "1" || text === "true"),
  ),
  "0",
);

/** Variables that are set: an empty one is how CI systems say "not set". */
export function givenIn(environment: NodeJS.ProcessEnv): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
}

/**
 * Checks the variables that a schema names, and passes over all others.
 *
 * @throws StackspecError `USAGE` naming the setting, what was expected and what was found; a value with an `@` in it may
 *   hold a password and is not repeated
 */
export function check<S extends v.GenericSchema>(schema: S, environment: NodeJS.ProcessEnv): v.InferOutput<S> {
  const { success, output, issues } = v.safeParse(schema, givenIn(environment));
  if (success) return output;
  const [issue] = issues;
  const expected =
    issue.type === "picklist"
      ? `one of ${issue.expected?.replaceAll(/["()]/g, "").replaceAll(" | ", ", ")}`
      : issue.message;
  const input = String(issue.input);
  throw usageError(
    String(issue.path?.[0]?.key),
    `expected ${expected}, got ${input.includes("@") ? "one with an @ in it" : `"${input}"`}`,
  );
}
