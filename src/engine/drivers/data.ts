import { basename } from "node:path";
import type { GenericContainer } from "testcontainers";
import type { Service } from "../../stack/stack.ts";
import { appendFlags, runFirst } from "../container/configure.ts";
import type { ImageCommand } from "../container/configure.ts";
import { bindsOf, environmentOf, hasEntrypoint, hasHostname } from "../container/internals.ts";
import { driverOf } from "./choose.ts";
import { checkClient } from "./client.ts";
import type { DataDirectory, Driver } from "../../stack/driver.ts";

/** The data directory of a service, what of it no snapshot needs, and whether it is run to last rather than for tests. */
export function dataOf(
  service: Service,
  container: GenericContainer,
): { path: string; ephemeral: readonly string[]; durable: boolean } | undefined {
  const data = driverOf(service, container)?.data;
  const path = service.options.data ?? pathOf(data, container);
  if (path === undefined) return undefined;
  return { path, ephemeral: data?.ephemeral ?? [], durable: service.options.durable ?? false };
}

function pathOf(data: DataDirectory | undefined, container: GenericContainer): string | undefined {
  if (data?.variable === undefined) return data?.path;
  const { name, value } = data.variable;
  const chosen = environmentOf(container)[name];
  return chosen === value ? data.path : chosen;
}

/**
 * Gives a known server its data directory, where that can be chosen, and the settings that give up durability, unless the
 * service is durable or has a command of another kind.
 *
 * @throws StackspecError `USAGE` when the driver's client is missing
 */
export function runForTests(service: Service, container: GenericContainer): void {
  const driver = driverOf(service, container);
  if (driver === undefined) return;
  checkClient(service, driver);
  const { data, program = "" } = driver;
  const { durable = false, shared = false, mounts = [] } = service.options;
  const flags = [
    ...((durable ? undefined : driver.flags) ?? []),
    ...((shared ? driver.flagsToShare : undefined) ?? []),
  ];
  // Whoever mounts something, or says where the data is, has a place for it; so has what is to last.
  if (data?.variable !== undefined && !durable && [...bindsOf(container), ...mounts].length === 0)
    container.withEnvironment({ [data.variable.name]: data.variable.value, ...environmentOf(container) });
  if (data?.environment !== undefined && !hasHostname(container))
    container.withEnvironment({ ...data.environment, ...environmentOf(container) });
  if (flags.length > 0) appendFlags(container, flags, program);
}

/**
 * Makes a container start from data that is there already, in `from`. A server whose image's entrypoint would only find out
 * that there is nothing to initialise is started at once.
 *
 * @param isForeign the data is of a machine with other passwords
 */
export function startFrom(
  service: Service,
  container: GenericContainer,
  from: string,
  to: string,
  image: ImageCommand,
  isForeign: boolean,
): void {
  const driver = driverOf(service, container);
  const passwords = isForeign ? setPasswords(driver) : "";
  // Once: a container that is started again has what it has stored since.
  const mark = quoted(`${to}/.stackspec-restored`);
  const copy = `{ [ -e ${mark} ] || { ${copyCommand(from, to)} && touch ${mark}; }; }${passwords}`;
  const start = driver?.data?.start;
  if (start === undefined || hasEntrypoint(container) || !isEntrypoint(image, start.entrypoint))
    return runFirst(container, copy, image);
  const { user } = start;
  const name = `case "$1" in -*) set -- ${driver!.program ?? ""} "$@" ;; esac`;
  const become = `{ [ "$(id -u)" != 0 ] || { chown -R ${user}: ${quoted(to)} && set -- "$@" --user=${user}; }; }`;
  runFirst(container, `${copy} && ${name} && ${become}`, { ...image, Entrypoint: [] });
}

/** Shell that goes on with setting passwords, which reads variables by the names that the driver has for them. */
function setPasswords({ data, variables = {} }: Partial<Driver> = {}): string {
  if (!data?.setPasswords) return "";
  const named = Object.entries(variables).map(([name, told]) =>
    typeof told === "string" ? `${name}=${quoted(told)}` : `${name}="$${told.variable}"`,
  );
  return ` && { ${[...named, data.setPasswords.trim()].join("; ")}\n}`;
}

/**
 * Shell that copies the content of a folder into another, which it makes. Sparse where `cp` can: less memory. Without -p:
 * whoever runs the server owns the copy, as it owns a directory that it makes.
 */
export function copyCommand(from: string, to: string): string {
  const words = `${quoted(from)}/. ${quoted(to)}/`;
  return `mkdir -p ${quoted(to)} && { cp -R --sparse=always ${words} 2>/dev/null || cp -R ${words}; }`;
}

/** Shell that removes paths of a folder, `*` in them for any name. */
export function removeCommand(folder: string, paths: readonly string[]): string {
  return ["rm -rf", ...paths.map((path) => `${folder}/${path}`.split("*").map(quoted).join("*"))].join(" ");
}

function isEntrypoint({ Entrypoint = [] }: ImageCommand, name: string): boolean {
  const [program = ""] = [Entrypoint].flat();
  return basename(program) === name;
}

/** A path as a shell has it. */
const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;
