import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { defineDriver } from "stackspec/drivers";
import type { Asked } from "stackspec/drivers";

/** What memcached answers to a command: https://github.com/memcached/memcached/blob/master/doc/protocol.txt */
export async function tell({ host, port }: Pick<Asked, "host" | "port">, command: string): Promise<string> {
  const socket = connect({ host, port, timeout: 2_000 });
  socket.once("timeout", () => socket.destroy(new Error(`no answer to "${command}" within 2 s`)));
  socket.end(`${command}\r\nquit\r\n`);
  return text(socket);
}

/** memcached: it is ready when it tells its version, and is emptied between spec files. It keeps nothing, so it has no data. */
export const memcached = defineDriver({
  title: "memcached",
  port: 11211,
  tested: ["1.6"],
  async ask(asked) {
    const answer = await tell(asked, "version");
    return answer.startsWith("VERSION ") ? undefined : new Error(`expected VERSION, got ${JSON.stringify(answer)}`);
  },
  connect: (address) => ({
    version: async () => (await tell(address, "version")).split(/\s/)[1]!,
    async takeBaseline() {
      // It lists no values, so what is there at the beginning could not be brought back.
      const [, items] = /^STAT curr_items (\d+)/m.exec(await tell(address, "stats")) ?? [];
      if (items !== "0") throw new Error(`expected an empty cache, got one with ${items} items`);
    },
    async reset() {
      const answer = await tell(address, "flush_all");
      if (answer !== "OK\r\n") throw new Error(`expected OK, got ${JSON.stringify(answer)}`);
    },
  }),
});
