import { readConfig } from "../config/config.ts";
import type { Runtime } from "../engine/docker/connect.ts";
import { listKeptStacks } from "../engine/kept/kept-stacks.ts";
import type { KeptService, KeptStack } from "../engine/kept/kept-stacks.ts";
import { StackspecError, usageError } from "../errors.ts";

/**
 * The kept stack that a command is about: one of this folder's, or, by name, of any project's.
 *
 * @param name of the stack, or what it is called on the engine; default: `STACK`, else the only one of this folder
 * @throws StackspecError `USAGE` when there is none, or more than one
 */
export async function chooseKept(runtime: Runtime, command: string, name = readConfig().stack): Promise<KeptStack> {
  const all = await listKeptStacks(runtime);
  const here = all.filter(({ isHere }) => isHere);
  const named = all.filter((stack) => name === stack.name || name === stack.id);
  const found =
    name === undefined ? here : [named.filter(({ isHere }) => isHere), named].find(({ length }) => length > 0);
  if (found?.length === 1) return found[0]!;
  const others = (found ?? []).length > 1 ? found! : here.length > 0 && name !== undefined ? here : [];
  const expected = others.length > 0 ? `one of ${others.map(nameOf).join(", ")}` : "a stack that is up";
  const got = name === undefined ? (found!.length > 1 ? "no name" : "none in this folder") : `"${name}"`;
  const elsewhere = all.filter((stack) => !stack.isHere && !others.includes(stack));
  throw new StackspecError("USAGE", `expected ${expected}, got ${got}`, {
    subject: `stackspec ${command}`,
    hint:
      others.length > 0
        ? undefined
        : elsewhere.length > 0
          ? `up elsewhere: ${elsewhere.map(({ id }) => id).join(", ")}`
          : "stackspec up starts one",
  });
}

/** What it is found by: among those of this folder its name says it. */
const nameOf = ({ isHere, name, id }: KeptStack): string => (isHere ? name : id);

/** @throws StackspecError `USAGE` when it has no such service */
export function serviceOf({ services }: KeptStack, command: string, name: string): KeptService {
  const found = services.find((service) => service.name === name);
  if (found === undefined)
    throw usageError(
      `stackspec ${command}`,
      `expected one of ${services.map((service) => service.name).join(", ")}, got "${name}"`,
    );
  return found;
}
