import * as v from "valibot";
import { usageError } from "../errors.ts";
import type { StackspecError } from "../errors.ts";

/** One of these words. */
export function oneOf<const Words extends readonly string[]>(...words: Words) {
  return v.picklist(words, `one of ${words.join(", ")}`);
}

/** An address that HTTP is spoken at. */
export const httpAddress = v.pipe(
  v.string(),
  v.check(
    (text) => URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol),
    "an http or https address such as https://host/todos",
  ),
);

/** A switch: `0`, `1`, `true` or `false`; off when not set. */
export const flag = v.optional(
  v.pipe(
    oneOf("0", "1", "true", "false"),
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
  throw refusal("", issues[0]);
}

/**
 * Says what was expected and what was found.
 *
 * @param subject what was checked; the path in it follows
 */
export function refusal(subject: string, issue: v.BaseIssue<unknown>): StackspecError {
  const path = [subject, v.getDotPath(issue) ?? ""]
    .filter((part) => part !== "")
    .join(subject.includes(": ") ? "." : "");
  return usageError(path, `expected ${issue.message}, got ${shown(issue.input)}`);
}

/** A value that is not as expected, in a few words. */
function shown(input: unknown): string {
  if (typeof input === "string") return input.includes("@") ? "one with an @ in it" : `"${input}"`;
  if (typeof input === "object" && input !== null) return Array.isArray(input) ? "a list" : "an object";
  return typeof input === "function" ? "a function" : String(input);
}
