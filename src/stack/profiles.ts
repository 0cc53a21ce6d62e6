import { usageError } from "../errors.ts";
import type { Exports, Node, Stack } from "./stack.ts";

/**
 * Leaves out of a stack what belongs to other profiles than these, the same stack for the same each time. What it exports
 * of those parts is undefined.
 *
 * @throws StackspecError `USAGE` for a profile that the stack does not have, though it has some
 */
export function chooseProfiles(chosen: readonly string[]): <E extends Exports>(stack: Stack<E>) => Stack<E> {
  const known = new WeakMap<Stack, Stack>();
  return <E extends Exports>(stack: Stack<E>) => {
    const without = (known.get(stack) as Stack<E> | undefined) ?? withProfiles(stack, chosen);
    known.set(stack, without);
    return without;
  };
}

function withProfiles<E extends Exports>(stack: Stack<E>, chosen: readonly string[]): Stack<E> {
  const known = new Set(stack.nodes.flatMap(({ options }) => options.profiles ?? []));
  if (known.size === 0) return stack;
  const unknown = chosen.find((profile) => !known.has(profile));
  if (unknown !== undefined)
    throw usageError(
      "STACKSPEC_PROFILES",
      `expected profiles of the stack "${stack.name}" (${[...known].join(", ")}), got "${unknown}"`,
    );
  const isChosen = ({ options: { profiles } }: Node): boolean =>
    profiles === undefined || profiles.some((profile) => chosen.includes(profile));
  return Object.freeze({ ...stack, nodes: stack.nodes.filter(isChosen) });
}

/**
 * Checks that a part of a stack is never started without what it waits for.
 *
 * @throws StackspecError `USAGE`
 */
export function checkProfiles(stack: string, { name, options }: Node, waitsFor: readonly Node[] = []): void {
  if (options.profiles?.length === 0)
    throw usageError(`stack "${stack}", "${name}"`, "expected a profile, got an empty list: it would never start");
  for (const needed of waitsFor) {
    const { profiles } = needed.options;
    if (profiles === undefined || options.profiles?.every((profile) => profiles.includes(profile)) === true) continue;
    throw usageError(
      `stack "${stack}", "${name}"`,
      `expected profiles among ${profiles.join(", ")}, for it waits for "${needed.name}", which starts with these only, got ${options.profiles?.join(", ") ?? "none"}`,
    );
  }
}
