import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type { GenericContainer } from "testcontainers";
import { FIELDS, HOOKS, classesOf, fieldsOf, internalsOf } from "./internals.ts";
import type { Internals } from "./internals.ts";

/** Something that a container comes from cannot be known before it runs: why, as a sentence that begins with its name. */
export class Unknowable extends Error {}

/** Labels that are given to what is started, and say nothing of what it is. */
const OWN_LABELS = /^(dev\.stackspec|org\.testcontainers)\./;

/** What a container was told before it runs. */
export interface Declaration {
  /** As plain data: equal for containers that would be run in the same way. */
  readonly told: unknown;
  /** Texts that a subclass keeps, which may name files that it copies when it starts. */
  readonly texts: readonly string[];
}

/**
 * All that decides what a container is, but for its image, and the content of what it copies and mounts. A subclass adds
 * what its own fields hold, and its source: what it does with them.
 *
 * @throws Unknowable for what can be read only once, or not at all
 */
export function declarationOf(container: GenericContainer): Declaration {
  const internals = internalsOf(container);
  const { createOpts, hostConfig, filesToCopy, directoriesToCopy, contentsToCopy, archivesToCopy } = internals;
  if (archivesToCopy.length > 0)
    throw new Unknowable(`copies an archive to ${archivesToCopy[0]!.target}, and an archive can be read only once`);
  if (internals.pullPolicy.shouldPull() === true)
    throw new Unknowable("pulls its image at each start, and so may run another one each time");

  const own = Object.entries(fieldsOf(container)).filter(([field]) => !isListed(field));
  const texts: string[] = [];
  // Its image is told beside.
  const { Labels = {}, Image: _image, ...create } = known("createOpts", createOpts);
  const { Binds: _binds, ...host } = known("hostConfig", hostConfig);
  const target = (copy: { target: string; mode?: number }): unknown[] => [copy.target, copy.mode];
  const told = {
    classes: sourcesOfClasses(container),
    own: own.map(([field, value]) => [field, plain(value, field, texts)]),
    fields: FIELDS.told.map((field) => [field, plain(fieldsOf(container)[field], field)]),
    create: plain(create, "createOpts"),
    host: plain(host, "hostConfig"),
    labels: Object.entries(Labels as Record<string, string>).filter(([label]) => !OWN_LABELS.test(label)),
    files: filesToCopy.map(target),
    directories: directoriesToCopy.map(target),
    contents: contentsToCopy.map((copy) => [...target(copy), contentOf(copy)]),
  };
  return { told, texts };
}

function isListed(field: string): boolean {
  return [...FIELDS.told, ...FIELDS.read, ...FIELDS.ignored].includes(field);
}

/** These options, when the list knows each of them: another may name what is somewhere else. */
function known(field: "createOpts" | "hostConfig", options: object): Record<string, unknown> {
  const stranger = Object.keys(options).find((option) => !FIELDS[field].includes(option));
  if (stranger !== undefined)
    throw new Unknowable(`sets ${field}.${stranger}, of which stackspec does not know what it brings`);
  return { ...options };
}

function contentOf({ content, target }: Internals["contentsToCopy"][number]): unknown {
  if (typeof content === "string" || content instanceof Uint8Array) return plain(content, target);
  throw new Unknowable(`copies a stream to ${target}, and a stream can be read only once`);
}

/**
 * A package's class may do anything in its `start()`: what it does counts by its source, and what it does it with by its
 * fields. Another class reaches variables, paths and the environment there too, which no source and no field shows, unless it only wraps.
 */
function sourcesOfClasses(container: GenericContainer): string[] {
  const classes = classesOf(container);
  const sources = classes.map(String);
  if (sources.some((source) => /\.#[\w$]|__classPrivateField/.test(source)))
    throw new Unknowable("has a class with private fields (#), which nobody else can read");
  // The last is Testcontainers' own.
  for (const each of classes.slice(0, -1)) {
    const above = Object.getPrototypeOf(each.prototype) as object;
    const late = Object.getOwnPropertyNames(each.prototype).find(
      (name) => name !== "constructor" && (name in above || HOOKS.has(name)) && !onlyWraps(each, name),
    );
    if (late !== undefined && !isOfPackage(each))
      throw new Unknowable(
        `has a class with its own ${late}(), which may use what nobody else sees: say in the constructor what it copies, mounts and sets`,
      );
  }
  return sources;
}

/**
 * Whether a method calls nothing but its namesake of the class above, and constructors, and sets nothing: so a class gives what
 * it has started a type of its own.
 */
function onlyWraps({ prototype }: { readonly prototype: object }, name: string): boolean {
  const source = String(Object.getOwnPropertyDescriptor(prototype, name)?.value);
  const rest = source
    .slice(source.indexOf("{"))
    .replaceAll(`super.${name}(`, "(")
    .replaceAll(/\bnew [\w$.]+\(/g, "(")
    .replaceAll(/\b(?:const|let) [\w$]+ =/g, "")
    .replaceAll(/\b(?:await|return) \(/g, "(");
  return !/[\w$\])]\s*[(`]|=/.test(rest);
}

/** Whether a class is exported by a package, as far as Node keeps what it has loaded: its CommonJS, as all of Testcontainers is. */
function isOfPackage(each: { readonly name: string }): boolean {
  return Object.values(createRequire(import.meta.url).cache).some((loaded) => {
    const exports: unknown = /[\\/]node_modules[\\/]/.test(loaded?.filename ?? "") ? loaded?.exports : undefined;
    if (exports === each) return true;
    return (
      typeof exports === "object" &&
      exports !== null &&
      Object.hasOwn(exports, each.name) &&
      (exports as Record<string, unknown>)[each.name] === each
    );
  });
}

/** A value as JSON can hold it; `texts` gets each text of it. */
function plain(value: unknown, path: string, texts?: string[]): unknown {
  // Stryker disable next-line EqualityOperator: no end is long either way
  if (path.length > 2_000) throw new Unknowable(`keeps in its field ${path.slice(0, 40)}… what has no end`);
  if (typeof value === "string") texts?.push(value);
  if (value === null || ["string", "number", "boolean", "undefined"].includes(typeof value)) return value;
  if (value instanceof Uint8Array) return { sha256: createHash("sha256").update(value).digest("hex") };
  if (Array.isArray(value)) return value.map((each, index) => plain(each, `${path}[${index}]`, texts));
  if ([Object.prototype, null].includes(Object.getPrototypeOf(value)))
    return { of: Object.entries(value as object).map(([key, each]) => [key, plain(each, `${path}.${key}`, texts)]) };
  throw new Unknowable(`keeps in its field ${path} what is no plain data, and cannot be compared`);
}
