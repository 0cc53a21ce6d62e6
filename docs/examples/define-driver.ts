// defineDriver, Driver, Server, ServiceAddress, Asked, Prompt, Refusal
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Refusal, defineDriver } from "stackspec/drivers";
import type { Asked } from "stackspec/drivers";

const tell = ({ host, port }: Pick<Asked, "host" | "port">, command: string): Promise<string> =>
  text(connect({ host, port }).end(`${command}\r\nquit\r\n`));

export const memcached = defineDriver({
  title: "memcached",
  port: 11211,
  async ask(asked) {
    const answer = await tell(asked, "version");
    return answer.startsWith("VERSION ") ? undefined : new Refusal(`expected VERSION, got ${answer}`);
  },
  connect: (address) => ({
    version: async () => (await tell(address, "version")).split(/\s/)[1]!,
    takeBaseline: async () => {},
    reset: async () => void (await tell(address, "flush_all")),
  }),
});
