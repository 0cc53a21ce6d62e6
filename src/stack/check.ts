import { usageError } from "../errors.ts";

/** What a value is to be, in words, and whether one is. */
export interface Rule {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

export type Rules = Readonly<Record<string, Rule>>;

export const rule = (expected: string, holds: Rule["holds"]): Rule => ({ expected, holds });

/** What a value has, if it is an object. */
export const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
export const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
export const isListOf = (value: unknown, holds: (each: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(holds);
export const isWhole = (value: unknown, from: number, to: number): boolean =>
  Number.isInteger(value) && Number(value) >= from && Number(value) <= to;

export const port = rule("a port from 1 to 65535", (value) => isWhole(value, 1, 65_535));
export const absolutePath = rule("an absolute path", (path) => typeof path === "string" && path.startsWith("/"));
export const paths = rule("a list of paths", (value) => isListOf(value, isText));
export const onOrOff = rule("true or false", (value) => typeof value === "boolean");
export const duration = rule("milliseconds, from 0", (value) => Number.isFinite(value) && Number(value) >= 0);
export const text = rule("a text", isText);
export const made = rule("a function", (value) => typeof value === "function");
export const image = rule(
  "an image's name or what imageFrom() returns",
  (value) => isText(value) || fieldsOf(value)["kind"] === "build",
);
export const pattern = rule("a regular expression", (value) => value instanceof RegExp);

/** @throws StackspecError `USAGE` unless a value is what it is to be */
export function checkValue(subject: string, value: unknown, { expected, holds }: Rule, name = ""): void {
  if (!holds(value)) throw usageError(subject, `${name && `${name}: `}expected ${expected}, got ${shown(value)}`);
}

/**
 * Checks options, which may all be undefined: one that is misspelt, or is something else, would else be passed over.
 *
 * @throws StackspecError `USAGE` that names the option
 */
export function checkOptions(subject: string, options: object, rules: Rules): void {
  for (const [name, value] of Object.entries(options)) {
    const found = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (found === undefined)
      throw usageError(subject, `expected options of ${Object.keys(rules).toSorted().join(", ")}, got "${name}"`);
    if (value !== undefined) checkValue(subject, value, found, name);
  }
}

/**
 * The same for options of which some must be there.
 *
 * @throws StackspecError `USAGE` that names the option
 */
export function checkAllOptions(subject: string, options: object, required: Rules, others: Rules = {}): void {
  checkOptions(subject, options, { ...required, ...others });
  for (const [name, found] of Object.entries(required)) checkValue(subject, fieldsOf(options)[name], found, name);
}

/** A value that is not as expected, in a few words. */
function shown(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (Array.isArray(value)) return "a list with something else";
  if (value instanceof Promise) return "a promise";
  if (typeof value !== "object" || value === null) return typeof value === "function" ? "a function" : String(value);
  return `an object with ${Object.keys(value).join(", ") || "nothing"}`;
}
