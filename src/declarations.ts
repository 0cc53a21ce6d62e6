import { readdir } from "node:fs/promises";
import { usageError } from "./errors.ts";
import { importModule } from "./project-module.ts";

/** A kind of declaration: files of one folder, each named as what it declares and with that as its default export. */
export interface DeclarationKind<T> {
  readonly folder: string;
  /** The setting that chooses one of them. */
  readonly setting: string;
  /** "defineStack", for the error when a file declares something else. */
  readonly madeBy: string;
  readonly accepts: (exported: Partial<T>) => boolean;
}

const MODULE = /(?<!\.d)\.[cm]?[jt]s$/;

/** Names of all declarations of a kind, in their order; none when there is no such folder. */
export async function declarationNames({ folder }: Pick<DeclarationKind<never>, "folder">): Promise<string[]> {
  return (await moduleFiles(folder)).map(nameOf);
}

/**
 * Imports one declaration: `<folder>/<name>.ts`, or whatever else Node can import.
 *
 * @param name undefined takes the only one that there is
 * @throws StackspecError `USAGE` when there is none of that name, or its default export is something else
 */
export async function loadDeclaration<T>(kind: DeclarationKind<T>, name: string | undefined): Promise<T> {
  const { folder, setting, madeBy, accepts } = kind;
  const files = await moduleFiles(folder);
  const file = name === undefined && files.length === 1 ? files[0] : files.find((each) => nameOf(each) === name);
  if (file === undefined) {
    const expected = files.length === 0 ? `a file in ${folder}/` : `one of ${files.map(nameOf).join(", ")}`;
    throw usageError(setting, `expected ${expected}, got ${name === undefined ? "nothing" : `"${name}"`}`);
  }
  const { default: declared } = (await importModule(`${folder}/${file}`)) as { default?: T };
  if (!isObject(declared) || !accepts(declared))
    throw usageError(`${folder}/${file}`, `expected a default export made by ${madeBy}`);
  return declared;
}

async function moduleFiles(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => []);
  return files.filter((file) => MODULE.test(file)).toSorted();
}

function nameOf(file: string): string {
  return file.replace(MODULE, "");
}

function isObject<T>(value: T | undefined): value is T & object {
  return typeof value === "object" && value !== null;
}
