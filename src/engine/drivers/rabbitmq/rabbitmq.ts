import type { KnownDriver, ServiceAddress } from "../../../stack/driver.ts";
import { expressionOf } from "./rabbitmq-node.ts";
import type { Work } from "./rabbitmq-node.ts";
import { askRabbitMq } from "./rabbitmq-ready.ts";

/**
 * Evaluates in the node that runs in the container: through its distribution port, whatever the node's name, which takes
 * tens of milliseconds; where that is not the port of its default configuration, by its management tool, which takes a second.
 */
const EVALUATE = `printf '%s\\n' "$1" | erl_call -r -address 25672 -e 2>/dev/null || exec rabbitmqctl eval "$1"`;

/** By definitions that the node loads before it listens. */
const SET_PASSWORD = String.raw`
quoted() { printf %s "$1" | sed 's/["\\]/\\&/g'; }
definitions=$(mktemp) && chmod 644 "$definitions"
printf '{"users":[{"name":"%s","password":"%s","tags":["administrator"]}]}' \
  "$(quoted "$RABBITMQ_DEFAULT_USER" | grep . || echo guest)" "$(quoted "$RABBITMQ_DEFAULT_PASS" | grep . || echo guest)" > "$definitions"
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="$RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS -rabbit load_definitions \"$definitions\""`;

/** RabbitMQ. There is no setting that gives up durability alone. */
export const rabbitmq: KnownDriver = {
  title: "RabbitMQ",
  modules: ["RabbitMQContainer"],
  images: ["rabbitmq"],
  program: "rabbitmq-server",
  port: 5672,
  // It keeps its data under its node's name, which is otherwise made of the container's random host name.
  data: {
    path: "/var/lib/rabbitmq",
    environment: { RABBITMQ_NODENAME: "rabbit@localhost" },
    setPasswords: SET_PASSWORD,
  },
  flags: [],
  ask: askRabbitMq,
  declaredByClients: true,
  checkpoints: true,
  tested: ["4"],
  share: (address, suffixes) => evaluate(address, { share: suffixes }),
  flush: (address) => evaluate(address, "flush"),
  restored: (address) => evaluate(address, "renew"),
  connect(address) {
    return {
      takeBaseline: () => evaluate(address, "note"),
      reset: () => evaluate(address, "reset"),
      adviceOn: async (error) =>
        error instanceof Error && error.message.includes("unacknowledged")
          ? 'acknowledge what was received, or close its channel; or set the option reset of the service, to "keep" or to a function'
          : undefined,
      version: () => versionOf(address),
    };
  },
};

/** "4.3.0". */
async function versionOf({ exec }: ServiceAddress): Promise<string> {
  const { output } = await exec(["sh", "-c", EVALUATE, "sh", "rabbit_misc:version()."]);
  return /"([\d.]+)/.exec(output)![1]!;
}

async function evaluate(address: ServiceAddress, work: Work): Promise<void> {
  const { output } = await address.exec(["sh", "-c", EVALUATE, "sh", expressionOf(work, address)]);
  const encoded = [...output.matchAll(/"([\w+/=]+)"/g)].map(([, part]) => part).join("");
  const answer = Buffer.from(encoded, "base64").toString();
  if (answer !== "ok") throw new Error(answer === "" ? output.trim() : answer);
}
