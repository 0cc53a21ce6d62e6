import { connect } from "node:net";
import { ANSWER_TIMEOUT_MS, Refusal } from "../../container/asking.ts";
import type { Asked } from "../../../stack/driver.ts";

/** Methods of the class "connection", and what a server closes one with: https://www.rabbitmq.com/amqp-0-9-1-reference */
const METHOD = { start: 10, startOk: 11, tune: 30, tuneOk: 31, open: 40, openOk: 41, close: 50 };
const ACCESS_REFUSED = 403;
const NOT_ALLOWED = 530;

/** The user of the image, and its password, where none is declared. */
const GUEST = "guest";

/** Whose connection it is, and that it wants to be told when its user is refused: otherwise it is cut. */
const PROPERTIES = table(
  field("connection_name", "S", long("stackspec")),
  field("capabilities", "F", table(field("authentication_failure_close", "t", Buffer.from([1])))),
);

/**
 * Opens an AMQP connection once, as the user and to the vhost that the environment declares: nothing when the server does
 * that, else why not.
 */
export async function askRabbitMq({ host, port, environment }: Asked): Promise<Error | undefined> {
  // An empty variable is none.
  const {
    RABBITMQ_DEFAULT_USER: user = GUEST,
    RABBITMQ_DEFAULT_PASS: password = GUEST,
    RABBITMQ_DEFAULT_VHOST: vhost,
  } = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const socket = connect({ host, port, timeout: ANSWER_TIMEOUT_MS });
  socket.once("timeout", () => socket.destroy(new Error(`no answer in AMQP within ${ANSWER_TIMEOUT_MS / 1_000} s`)));
  socket.write("AMQP\0\0\x09\x01", "latin1");
  let data = Buffer.alloc(0);
  for await (const chunk of socket) {
    data = Buffer.concat([data, chunk as Buffer]);
    // A frame is its type, a channel, a length, so many bytes, and an end.
    while (data.length > 7 && data[0] === 1 && data.length >= 8 + data.readUInt32BE(3)) {
      const payload = data.subarray(7, 7 + data.readUInt32BE(3));
      data = data.subarray(8 + payload.length);
      switch (payload.readUInt16BE(2)) {
        case METHOD.start: {
          const login = long(`\0${user}\0${password}`);
          socket.write(method(METHOD.startOk, PROPERTIES, short("PLAIN"), login, short("en_US")));
          break;
        }
        case METHOD.tune:
          socket.write(method(METHOD.tuneOk, payload.subarray(4)));
          socket.write(method(METHOD.open, short(vhost ?? "/"), short(""), Buffer.from([0])));
          break;
        case METHOD.openOk:
          socket.end(method(METHOD.close, Buffer.from([0, 200]), short("ready"), Buffer.alloc(4)));
          return undefined;
        case METHOD.close: {
          const code = payload.readUInt16BE(4);
          const text = payload.toString("utf8", 7, 7 + payload[6]!);
          // Its definitions may have other users and vhosts than the image's own: nothing says which.
          const isDeclared = { [ACCESS_REFUSED]: user !== GUEST, [NOT_ALLOWED]: vhost !== undefined }[code];
          if (isDeclared === undefined) return new Error(`the server closes the connection: ${text}`);
          return isDeclared ? new Refusal(`the server refuses the connection: ${text}`) : undefined;
        }
      }
    }
  }
  return new Error(`expected AMQP 0-9-1, got ${JSON.stringify(data.toString("latin1", 0, 100))}`);
}

function method(id: number, ...fields: readonly Buffer[]): Buffer {
  const payload = Buffer.concat([Buffer.from([0, 10, 0, id]), ...fields]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(payload.length);
  return Buffer.concat([Buffer.from([1, 0, 0]), length, payload, Buffer.from([0xce])]);
}

function short(text: string): Buffer {
  return Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
}

function long(value: string | Buffer): Buffer {
  const content = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

function field(name: string, type: string, value: Buffer): Buffer {
  return Buffer.concat([short(name), Buffer.from(type), value]);
}

function table(...fields: readonly Buffer[]): Buffer {
  return long(Buffer.concat(fields));
}
