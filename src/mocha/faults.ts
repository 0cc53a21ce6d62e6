import type { Fault, Faults } from "../engine/faults/fault.ts";
import type { StartedStack } from "../engine/run/started-stack.ts";
import { StackspecError } from "../errors.ts";
import { run } from "./run.ts";

/** The faults of a stack as specs make them: their time does not count for mocha's timeout. */
export function faultsForSpecs(stack: StartedStack): Faults {
  const asked = async (work: () => Promise<Fault>): Promise<Fault> => {
    // What goes on after its timeout would hit the specs that come next.
    if (run.strays.current?.test.timedOut === true)
      throw new StackspecError("CANCELLED", "the spec that asks for a fault has ended", { subject: stack.name });
    const fault = await run.untimed(work);
    const heal = (): Promise<void> => run.untimed(() => fault.heal());
    return { heal, [Symbol.asyncDispose]: heal };
  };
  return {
    cut: (name) => asked(() => stack.cut(name)),
    slow: (name, slowness) => asked(() => stack.slow(name, slowness)),
    pause: (name) => asked(() => stack.pause(name)),
    kill: (name) => asked(() => stack.kill(name)),
    clock: (name, shift) => asked(() => stack.clock(name, shift)),
    full: (name) => asked(() => stack.full(name)),
    restart: (name, options) => asked(() => stack.restart(name, options)),
  };
}
