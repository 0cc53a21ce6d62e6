import { usageError } from "../errors.ts";
import type { Node, Service, ServiceOptions } from "./stack.ts";

/** What containers call the machine that specs run on. */
export const HOST_NAME = "host.docker.internal";

/** Ports that an address need not name. */
const USUAL: Readonly<Record<string, number>> = {
  "amqp:": 5672,
  "http:": 80,
  "https:": 443,
  "mariadb:": 3306,
  "mysql:": 3306,
  "postgres:": 5432,
  "postgresql:": 5432,
  "redis:": 6379,
};

/** The host and port of an address, as `net.connect` takes them. */
export function endpointOf(url: string): { readonly host: string; readonly port: number } {
  const { protocol, hostname, port } = new URL(url);
  return { host: hostname.replaceAll(/^\[|\]$/g, ""), port: port === "" ? USUAL[protocol]! : Number(port) };
}

/** The same address on another host and port. */
export function addressAt(url: string, host: string, port: number): string {
  const moved = new URL(url);
  moved.hostname = host;
  moved.port = String(port);
  return moved.href;
}

/** The address by which containers of a stack reach a service that declares one, and whether that is this machine's own. */
export function addressWithin({ name, options }: Service): { readonly url: string; readonly onHost: boolean } {
  const { url, external } = options;
  if (url === undefined)
    throw usageError(`service "${name}"`, "expected an option url, by which others reach it, got none");
  if (external === undefined) return { url, onHost: false };
  const { host, port } = endpointOf(external);
  const onHost = /^(localhost|127\.[\d.]+|::1)$/.test(host);
  return { url: onHost ? addressAt(external, HOST_NAME, port) : external, onHost };
}

/**
 * A service's options as they count: of one that runs outside of the stack, all that is about its container is left out.
 *
 * @throws StackspecError `USAGE` for an address without a port, and for an external service without `url`
 */
export function locate(stack: string, name: string, options: ServiceOptions): ServiceOptions {
  const { external = "", ...others } = options;
  const { url, after, profiles, reset, http } = others;
  const subject = `stack "${stack}", service "${name}"`;
  checkAddress(subject, "url", url);
  // An empty variable is how CI systems say "not set".
  if (external === "") return others;
  if (url === undefined) throw usageError(subject, "expected an option url beside external, by which others reach it");
  checkAddress(subject, "external", external);
  return {
    external,
    url,
    ...(after && { after }),
    ...(profiles && { profiles }),
    ...(reset && { reset }),
    ...(http && { http }),
  };
}

/** The ports by which this machine reaches a container, as its options say. */
export function portsOf({ kind, options }: Node): readonly number[] {
  if (kind === "task") return [];
  const { http, url }: ServiceOptions = options;
  return [http?.port, url === undefined ? undefined : endpointOf(url).port].filter((port) => port !== undefined);
}

function checkAddress(subject: string, option: string, url: string | undefined): void {
  if (url === undefined || (URL.canParse(url) && endpointOf(url).host !== "" && endpointOf(url).port >= 1)) return;
  // It may hold a password.
  throw usageError(
    subject,
    `expected in ${option} an address such as postgres://user:password@db:5432/name, got another text`,
  );
}
