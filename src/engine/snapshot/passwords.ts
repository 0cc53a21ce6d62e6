import { createHash } from "node:crypto";
import type { GenericContainer } from "testcontainers";
import type { Node, Service } from "../../stack/stack.ts";
import { declarationOf } from "../container/declaration.ts";
import { isContainer } from "../container/internals.ts";
import { passwordsIn } from "../docker/secret.ts";
import { driverOf } from "../drivers/choose.ts";

/**
 * The passwords of this machine, and the name of each, that a service is told and that are set anew where its data comes from
 * another machine.
 */
function passwordsOf(service: Service, container: GenericContainer): Map<string, string> {
  const isSet = driverOf(service, container)?.data?.setPasswords !== undefined;
  return isSet ? passwordsIn(JSON.stringify(declarationOf(container).told)) : new Map();
}

/** A text that says which they are, and nobody what they are. The same on each machine where a service has none. */
export function passwordsDigest(service: Service, container: GenericContainer): string {
  const passwords = [...passwordsOf(service, container).keys()].toSorted();
  return createHash("sha256").update(passwords.join()).digest("hex");
}

/** Puts their names in their places, in texts of what `nodes` are told: the same on each machine. */
export function withoutPasswords(nodes: readonly Node[], made: ReadonlyMap<Node, unknown>): (text: string) => string {
  const all = nodes.flatMap((node) => {
    const container = made.get(node);
    return node.kind === "service" && isContainer(container) ? [...passwordsOf(node, container)] : [];
  });
  return (text) => all.reduce((rest, [password, name]) => rest.replaceAll(password, `secret ${name}`), text);
}
