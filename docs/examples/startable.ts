// Startable, Stoppable, Started
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { defineStack } from "stackspec";
import type { Started, Startable } from "stackspec";

/** A service that is an object of this process. */
const fake = (): Startable<{ url: string; stop(): Promise<void> }> => ({
  async start() {
    const server = createServer((_, response) => response.end("hi")).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      stop: async () => void server.close(),
    };
  },
});

const stack = defineStack("in-process", ({ service }) => ({ payments: service("payments", fake) }));
export const urlOf = ({ payments }: Started<typeof stack.exports>): string => payments.url;
export default stack;
