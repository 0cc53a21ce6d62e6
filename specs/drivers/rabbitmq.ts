import { connect } from "amqplib";
import type { ChannelModel, ConfirmChannel, GetMessage } from "amqplib";
import { expect } from "chai";
import type { StartedTestContainer } from "testcontainers";

export const USER = "todo";
export const PASSWORD = "declared";
export const VHOST = "todos";

/** A connection as the declared user. An error of it fails what waits for it, and nothing else. */
export async function connectTo(server: StartedTestContainer, vhost = VHOST): Promise<ChannelModel> {
  const address = `${server.getHost()}:${server.getMappedPort(5672)}`;
  const connection = await connect(`amqp://${USER}:${PASSWORD}@${address}/${encodeURIComponent(vhost)}`);
  return connection.on("error", () => {});
}

/** Does some work on a channel of its own; what it has sent has arrived then. */
export async function onChannel<T>(
  server: StartedTestContainer,
  work: (channel: ConfirmChannel) => Promise<T>,
  vhost = VHOST,
): Promise<T> {
  const connection = await connectTo(server, vhost);
  try {
    const channel = await connection.createConfirmChannel();
    channel.on("error", () => {});
    const result = await work(channel);
    await channel.waitForConfirms();
    return result;
  } finally {
    await connection.close();
  }
}

/** Everything in a queue, which is empty afterwards: where it came from, how, and what it says. */
export async function drained(server: StartedTestContainer, queue: string, vhost = VHOST): Promise<unknown[]> {
  return onChannel(
    server,
    async (channel) => {
      const messages: unknown[] = [];
      for (;;) {
        const message: GetMessage | false = await channel.get(queue, { noAck: true });
        if (message === false) return messages;
        const { exchange, routingKey, redelivered } = message.fields;
        const { headers, deliveryMode, contentType } = message.properties;
        const text = message.content.toString();
        messages.push({ exchange, routingKey, redelivered, headers, deliveryMode, contentType, text });
      }
    },
    vhost,
  );
}

/** Runs Erlang in the node: what takes its tool a second takes this some milliseconds. */
export async function evaluate(server: StartedTestContainer, expression: string): Promise<string> {
  const { output } = await server.exec(["sh", "-c", 'echo "$1" | erl_call -r -address 25672 -e', "sh", expression]);
  expect(output).to.match(/^\{ok,/);
  return output;
}

/** All that a server has, by kind, in one order. */
export type Definitions = Readonly<Record<string, readonly unknown[]>>;

/** All that is declared, as the server's own tool writes it. */
export async function exported(server: StartedTestContainer): Promise<Definitions> {
  const { exitCode, stdout, output } = await server.exec(["rabbitmqctl", "--silent", "export_definitions", "-"]);
  expect(exitCode, output).to.equal(0);
  return sorted(stdout);
}

/** The same as the node tells it, in some milliseconds. */
export async function definitions(server: StartedTestContainer): Promise<Definitions> {
  const encoded = "base64:encode_to_string(rabbit_json:encode(rabbit_definitions:all_definitions()))";
  const [, text] = /"(.*)"/.exec(await evaluate(server, `${encoded}.`))!;
  return sorted(Buffer.from(text!, "base64").toString());
}

function sorted(json: string): Definitions {
  const kinds = Object.entries(JSON.parse(json) as object).filter(([, items]) => Array.isArray(items));
  const order = (items: unknown[]): unknown[] => items.map((item) => JSON.stringify(item)).toSorted();
  return Object.fromEntries(
    kinds.map(([kind, items]) => [
      kind,
      order(items as unknown[]).map((item) => JSON.parse(item as string) as unknown),
    ]),
  );
}
