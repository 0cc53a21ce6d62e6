import { createRequire } from "node:module";

/** Mocha's settings: from its configuration file, package.json and the words of a command. */
export interface MochaSettings {
  readonly require?: string | string[];
  readonly reporter?: string;
  readonly exit?: boolean;
  readonly parallel?: boolean;
  readonly jobs?: number;
}

interface Options {
  loadOptions(words: readonly string[]): MochaSettings;
}

interface Metadata {
  /** Mocha's options, without their dashes, by the type of their value. */
  readonly types: Readonly<Record<"array" | "boolean" | "number" | "string", readonly string[]>>;
  /** Other names of an option: letters and words. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
}

const require = createRequire(import.meta.url);

/** A part of mocha's own command, whose file has another ending in mocha 12. */
function part(name: string): unknown {
  const { version } = require("mocha/package.json") as { version: string };
  return require(`mocha/lib/cli/${name}.${Number.parseInt(version) < 12 ? "js" : "cjs"}`);
}

export const loadOptions: Options["loadOptions"] = (words) => (part("options") as Options).loadOptions([...words]);

export const runOptions = (): Metadata => part("run-option-metadata") as Metadata;
