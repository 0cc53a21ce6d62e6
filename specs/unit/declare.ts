import { defineStack } from "stackspec";
import type { StackBuilder } from "stackspec";

/** Makes a service of this process. */
export const startable = () => ({ start: async () => ({ stop: async () => {} }) });

/** Declares a stack that exports nothing. */
export const declare = (body: (stack: StackBuilder) => void) => () =>
  defineStack("shop", (stack) => {
    body(stack);
    return {};
  });
