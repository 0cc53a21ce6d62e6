import { StackspecError } from "../../errors.ts";
import type { Node, Service, Stack } from "../../stack/stack.ts";
import { runForTests } from "../drivers/driver.ts";
import { startFailure } from "../container/failure.ts";
import { isContainer } from "../container/internals.ts";
import type { StackContext } from "./stack-context.ts";

/** What the factories of a stack are called for: a run. */
interface Caller {
  readonly stack: Stack;
  readonly context: StackContext;
  readonly signal: AbortSignal;
  readonly databaseSuffix: string;
  /** What they have made, but for those that wait for another's started value. */
  readonly made: Map<Node, unknown>;
  waitFor(service: Service): Promise<unknown>;
}

/** Calls a stack's factories, each once. */
export interface Factories {
  make(node: Node): Promise<unknown>;
  callFactories(): Promise<void>;
}

/** The factories of a run. */
export function stackFactories(run: Caller): Factories {
  const making = new Map<Node, Promise<unknown>>();
  const waits = new Map<Node, () => void>();

  async function call(node: Node): Promise<unknown> {
    const { context, signal } = run;
    const image = node.options.image === undefined ? "" : (await context.resolveImage(node.options.image)).reference;
    const started = <S>(service: Service<S>): Promise<S> => {
      waits.get(node)?.();
      return run.waitFor(service) as Promise<S>;
    };
    const database = (name: string): string => `${name}${run.databaseSuffix}`;
    const value = await Promise.try(() => node.create({ image, started, database })).catch((error: unknown) => {
      throw error instanceof StackspecError || signal.aborted ? error : startFailure(node, error);
    });
    if (node.kind === "service" && isContainer(value)) runForTests(node, value);
    run.made.set(node, value);
    return value;
  }

  function make(node: Node): Promise<unknown> {
    const known = making.get(node) ?? call(node);
    known.catch(() => {});
    making.set(node, known);
    return known;
  }

  return {
    make,
    async callFactories() {
      const answers = run.stack.nodes.map((node) => {
        const waiting = Promise.withResolvers<void>();
        waits.set(node, waiting.resolve);
        return Promise.race([make(node), waiting.promise]);
      });
      await Promise.all(answers);
    },
  };
}
