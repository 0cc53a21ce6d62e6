import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import type { StartedRabbitMQContainer } from "@testcontainers/rabbitmq";
import type { ChannelModel, ConfirmChannel, ConsumeMessage, GetMessage } from "amqplib";
import { expect } from "chai";
import fc from "fast-check";
import { defineStack, requireEngine } from "stackspec";
import { GenericContainer } from "testcontainers";
import { openSession } from "../../src/engine/run/session.ts";
import type { StartedStack } from "../../src/engine/run/started-stack.ts";
import type { ServiceAddress } from "../../src/stack/driver.ts";
import { rabbitmq } from "../../src/engine/drivers/rabbitmq/rabbitmq.ts";
import { LOCAL } from "../../src/images/debian.ts";
import { NODE, cleanUp, engine, failureOf, configIn } from "../integration/engine.ts";
import { PASSWORD, USER, VHOST, connectTo, definitions, drained, evaluate, exported, onChannel } from "./rabbitmq.ts";
import type { Definitions } from "./rabbitmq.ts";

/** What the server is given when it starts: what AMQP does not declare. */
const DEFINITIONS = {
  users: [
    { name: USER, password: PASSWORD, tags: ["administrator"] },
    { name: "ada", password: "of Ada", tags: ["monitoring"] },
  ],
  vhosts: [{ name: VHOST }, { name: "others" }],
  permissions: [
    { user: USER, vhost: VHOST, configure: ".*", write: ".*", read: ".*" },
    { user: USER, vhost: "others", configure: ".*", write: ".*", read: ".*" },
    { user: "ada", vhost: VHOST, configure: "", write: "", read: ".*" },
  ],
  policies: [
    {
      vhost: VHOST,
      name: "short",
      pattern: "^short",
      "apply-to": "queues",
      definition: { "max-length": 7 },
      priority: 1,
    },
  ],
  queues: [{ vhost: "others", name: "far", durable: true, auto_delete: false, arguments: {} }],
};

/** What the task declares and publishes: an exchange, queues of each type, and messages in two of them. */
const SEED = `
  const { connect } = require("/node_modules/amqplib");
  (async () => {
    const connection = await connect("amqp://${USER}:${PASSWORD}@queue/${VHOST}");
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange("shop", "topic");
    for (const queue of ["orders", "seeded", "short"]) await channel.assertQueue(queue);
    await channel.assertQueue("lasting", { arguments: { "x-queue-type": "quorum" } });
    for (const queue of ["stream", "history"])
      await channel.assertQueue(queue, { arguments: { "x-queue-type": "stream" } });
    channel.sendToQueue("history", Buffer.from("the first"));
    for (const queue of ["seeded", "lasting"]) await channel.bindQueue(queue, "shop", "seed.*");
    await channel.bindQueue("orders", "shop", "order.*", { note: "with an argument" });
    for (const number of [1, 2, 3])
      channel.publish("shop", "seed." + number, Buffer.from("message " + number), {
        headers: { number }, persistent: number !== 2, contentType: "text/plain",
      });
    await channel.waitForConfirms();
    await connection.close();
  })()`;

/** The messages that the task has published, as they are received. */
const SEEDED = [1, 2, 3].map((number) => ({
  exchange: "shop",
  routingKey: `seed.${number}`,
  redelivered: false,
  headers: { number },
  deliveryMode: number === 2 ? 1 : 2,
  contentType: "text/plain",
  text: `message ${number}`,
}));

/** An application: declares its own queues when it starts, and consumes what it gets. */
interface Worker {
  readonly channel: ConfirmChannel;
  readonly received: string[];
  /** Queues whose consumer the server has cancelled. */
  readonly cancelled: string[];
  stop(): Promise<void>;
}

async function startWorker(server: StartedRabbitMQContainer): Promise<Worker> {
  const connection = await connectTo(server);
  const channel = await connection.createConfirmChannel();
  const received: string[] = [];
  const cancelled: string[] = [];
  const consume = (queue: string): Promise<unknown> =>
    channel.consume(queue, (message) => {
      if (message === null) return cancelled.push(queue);
      channel.ack(message);
      return received.push(message.content.toString());
    });
  for (const queue of ["jobs", "outbox"]) await channel.assertQueue(queue);
  const { queue: answers } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(answers, "shop", "answer");
  for (const queue of ["jobs", "orders", answers]) await consume(queue);
  return { channel, received, cancelled, stop: () => connection.close() };
}

describe("a reset of a RabbitMQ server", function () {
  this.timeout(60_000);
  requireEngine();

  const name = `reset-rabbitmq-${randomUUID().slice(0, 8)}`;
  const stack = defineStack(name, (declare) => {
    const queue = declare.service(
      "queue",
      ({ image }) =>
        new RabbitMQContainer(image).withCopyContentToContainer([
          { target: "/etc/rabbitmq/definitions.json", content: JSON.stringify(DEFINITIONS) },
          {
            target: "/etc/rabbitmq/conf.d/30-definitions.conf",
            content: "load_definitions = /etc/rabbitmq/definitions.json\n",
          },
        ]),
      { image: "rabbitmq:4" },
    );
    const seed = declare.task(
      "seed",
      ({ image }) =>
        new GenericContainer(image)
          .withCopyDirectoriesToContainer([{ source: "node_modules/amqplib", target: "/node_modules/amqplib" }])
          .withCommand(["node", "-e", SEED]),
      { image: NODE, after: [queue] },
    );
    const worker = declare.service(
      "worker",
      async ({ started }) => ({ start: async () => startWorker(await started(queue)) }),
      { after: [seed] },
    );
    return { queue, worker };
  });

  let folder: string;
  let session: ReturnType<typeof openSession>;
  let running: StartedStack<typeof stack.exports>;
  let server: StartedRabbitMQContainer;
  let worker: Worker;
  let before: Definitions;
  let exportedBefore: Definitions;
  const open = () => openSession(configIn(folder));

  this.beforeAll("a snapshot of the stack is kept, and it is started from that", async function () {
    this.timeout(0); // The image may have to be built first; the stack's own deadline ends the wait.
    folder = await mkdtemp(join(tmpdir(), "stackspec-rabbitmq-"));
    const first = open();
    try {
      const { values } = await first.start(stack);
      // As a spec would: it is in no snapshot.
      await onChannel(values.queue, async (channel) => channel.assertQueue("spoilt"));
      await first.keepSnapshot(stack, () => {});
    } finally {
      await first.close();
    }
    session = open();
    running = await session.start(stack);
    ({ queue: server, worker } = running.values);
    [before, exportedBefore] = await Promise.all([definitions(server), exported(server)]);
  });
  cleanUp("the stack, its snapshot and its folder are gone", async () => {
    await session?.close();
    const docker = await engine();
    const images = await docker.listImages({ filters: { reference: [`${LOCAL}/snapshot/${name}/*`] } });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
    await rm(folder, { recursive: true });
  });
  beforeEach("everything is as the task left it", () => running.reset());

  const count = (queue: string): Promise<number> =>
    onChannel(server, async (channel) => (await channel.checkQueue(queue)).messageCount);
  const change = (work: (channel: ConfirmChannel) => Promise<unknown>, vhost?: string): Promise<unknown> =>
    onChannel(server, work, vhost);

  it("finds on a server that was restored from its snapshot what the task declared", () => {
    expect(running.snapshot).to.have.property("restored", true);
    const queues = before["queues"] as { name: string; type: string }[];
    expect(Object.fromEntries(queues.map((queue) => [queue.name, queue.type]))).to.deep.equal({
      orders: "classic",
      seeded: "classic",
      short: "classic",
      far: "classic",
      lasting: "quorum",
      stream: "stream",
      history: "stream",
      // The application's own.
      jobs: "classic",
      outbox: "classic",
    });
    expect(before["exchanges"]).to.have.lengthOf(1);
  });

  for (const queue of ["seeded", "lasting"]) {
    it(`finds in the queue ${queue} the messages that the task published, as they were`, async () => {
      await expect(drained(server, queue)).to.eventually.deep.equal(SEEDED);
    });

    it(`brings messages of the queue ${queue} back that specs have received`, async () => {
      await drained(server, queue);
      await running.reset();
      await expect(drained(server, queue)).to.eventually.deep.equal(SEEDED);
    });
  }

  for (const [what, use] of Object.entries({
    "given back": (channel: ConfirmChannel, message: GetMessage) => channel.nack(message),
    "taken and published again": async (channel: ConfirmChannel, message: GetMessage) => {
      channel.ack(message);
      channel.sendToQueue("seeded", message.content);
    },
  }))
    it(`brings messages back as they were that specs have ${what}`, async () => {
      await change(async (channel) => use(channel, (await channel.get("seeded")) as GetMessage));
      await running.reset();
      await expect(drained(server, "seeded")).to.eventually.deep.equal(SEEDED);
    });

  it("leaves a queue as it is whose messages nobody has touched", async () => {
    const given = async (): Promise<string> =>
      evaluate(
        server,
        `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"${VHOST}">>, queue, <<"seeded">>)), proplists:get_value(next_seq_id, proplists:get_value(backing_queue_status, rabbit_amqqueue:info(Q, [backing_queue_status]))).`,
      );
    await running.reset();
    const noted = await given();
    await change(async (channel) => channel.sendToQueue("lasting", Buffer.from("mine")));
    await running.reset();
    await expect(given()).to.eventually.equal(noted);
  });

  for (const queue of ["short", "seeded", "lasting"])
    it(`removes messages that specs have published to the queue ${queue}`, async () => {
      const noted = await count(queue);
      await change(async (channel) => channel.sendToQueue(queue, Buffer.from("mine")));
      await running.reset();
      await expect(count(queue)).to.eventually.equal(noted);
    });

  it("makes a stream anew that was empty", async () => {
    await change(async (channel) => channel.sendToQueue("stream", Buffer.from("mine")));
    await running.reset();
    await expect(count("stream")).to.eventually.equal(0);
  });

  it("leaves a queue that the application declared when it started", async () => {
    await running.reset();
    await expect(count("outbox")).to.eventually.equal(0);
  });

  it("leaves consumers of the application connected, also on queues that it declared itself", async () => {
    await change(async (channel) => channel.sendToQueue("short", Buffer.from("mine")));
    await running.reset();
    worker.received.length = 0;
    await change(async (channel) => {
      for (const queue of ["jobs", "orders"]) channel.sendToQueue(queue, Buffer.from(queue));
      channel.publish("shop", "answer", Buffer.from("exclusive"));
    });
    // What it has acknowledged it has received.
    await running.reset();
    expect(worker.received).to.have.members(["jobs", "orders", "exclusive"]);
    expect(worker.cancelled).to.deep.equal([]);
  });

  describe("while a spec holds a connection", () => {
    let connection: ChannelModel;
    let channel: ConfirmChannel;
    beforeEach("it is connected", async () => {
      connection = await connectTo(server);
      channel = await connection.createConfirmChannel();
    });
    afterEach("it is closed", () => connection.close().catch(() => {}));

    it("says which queues have messages that nobody acknowledges, and who holds them", async () => {
      for (const queue of ["seeded", "lasting"]) await channel.get(queue);
      const failure = await failureOf(running.reset());
      for (const queue of ["seeded", "lasting"])
        expect(failure.sentence).to.match(
          new RegExp(
            `^RESET_FAILED: queue: .*queue ${queue} of vhost ${VHOST}: unacknowledged messages: 1, held by channel 1 of connection .* \\(${USER}\\)`,
          ),
        );
      expect(failure.hint).to.include("acknowledge what was received, or close its channel");
    });

    it("says which stream it cannot empty, for somebody consumes it", async () => {
      await channel.prefetch(1);
      await channel.consume("stream", (message) => channel.ack(message!));
      channel.sendToQueue("stream", Buffer.from("mine"));
      await channel.waitForConfirms();
      const failure = await failureOf(running.reset());
      expect(failure.sentence).to.include(
        `queue stream of vhost ${VHOST} is a stream, which cannot be emptied while somebody consumes it`,
      );
    });

    it("waits for what a consumer has in hand, and takes away what is behind it", async () => {
      const received: ConsumeMessage[] = [];
      const first = Promise.withResolvers<void>();
      await channel.prefetch(1);
      await channel.consume("short", (message) => {
        received.push(message!);
        first.resolve();
      });
      for (const text of ["one", "two"]) channel.sendToQueue("short", Buffer.from(text));
      await Promise.all([first.promise, channel.waitForConfirms()]);
      const reset = running.reset();
      while ((await channel.checkQueue("short")).messageCount > 0);
      channel.ack(received[0]!);
      await reset;
      expect(received.map(({ content }) => content.toString())).to.deep.equal(["one"]);
    });

    it("leaves a queue that came later to those who consume it, and empties it", async () => {
      const { queue } = await channel.assertQueue("late", { durable: true });
      await channel.bindQueue(queue, "shop", "late");
      let cancelled = false;
      await channel.prefetch(1);
      await channel.consume(queue, (message) => {
        if (message === null) cancelled = true;
        else channel.ack(message);
      });
      await running.reset();
      expect(cancelled).to.equal(false);
      expect((await definitions(server))["bindings"]).to.deep.include({
        source: "shop",
        vhost: VHOST,
        destination: "late",
        destination_type: "queue",
        routing_key: "late",
        arguments: {},
      });
    });

    it("removes it when nobody consumes it any more", async () => {
      await channel.assertQueue("late", { durable: true });
      await running.reset();
      await expect(channel.checkQueue("late")).to.be.rejectedWith(/NOT_FOUND/);
    });
  });

  /** The driver, past the stack. */
  const address = (): ServiceAddress => ({
    host: "",
    port: 0,
    environment: {},
    command: [],
    suffix: "",
    shared: false,
    exec: (command) => server.exec([...command]),
  });

  it("says which stream it cannot bring back to the messages that it had", async () => {
    try {
      await change(async (channel) => channel.sendToQueue("history", Buffer.from("mine")));
      const failure = await failureOf(running.reset());
      expect(failure.sentence).to.include(
        `queue history of vhost ${VHOST} is a stream, which cannot be brought back to the messages that it had`,
      );
    } finally {
      // It stays as it is: from here on this is what is brought back.
      await (await rabbitmq.connect(address())).takeBaseline();
    }
  });

  it("says what would not be in a snapshot, for it is not durable", async () => {
    await change((channel) => channel.assertExchange("passing", "fanout", { durable: false }));
    await expect(rabbitmq.flush!(address())).to.be.rejectedWith(
      `passing of vhost ${VHOST} is not durable: it would not be there when the snapshot is restored`,
    );
  });

  it("loads what it needs into a node that has lost it", async () => {
    await evaluate(server, `[code:delete(Module) || {Module, "stackspec"} <- code:all_loaded()].`);
    await drained(server, "seeded");
    await running.reset();
    await expect(count("seeded")).to.eventually.equal(3);
  });

  /** Changes of each kind: AMQP's own, and what the server's tools do. */
  const CHANGES: Record<string, () => Promise<unknown>> = {
    "publish to all queues": () =>
      change(async (channel) => publishTo(channel, ["orders", "seeded", "short", "lasting"])),
    "publish to a stream": () => change(async (channel) => publishTo(channel, ["stream"])),
    "publish to another vhost": () => change(async (channel) => publishTo(channel, ["far"]), "others"),
    "receive messages": () => drained(server, "seeded"),
    "purge a quorum queue": () => change((channel) => channel.purgeQueue("lasting")),
    "add a queue": () => change((channel) => channel.assertQueue("added", { arguments: { "x-max-length": 3 } })),
    "add a queue with messages": () =>
      change(async (channel) => {
        await channel.assertQueue("full", { arguments: { "x-queue-type": "quorum" } });
        await publishTo(channel, ["full"]);
      }),
    "add an auto-delete queue": () => change((channel) => channel.assertQueue("brief", { autoDelete: true })),
    "remove a queue": () => change((channel) => channel.deleteQueue("short")),
    "remove a queue with messages": () => change((channel) => channel.deleteQueue("seeded")),
    "remove a quorum queue": () => change((channel) => channel.deleteQueue("lasting")),
    "remove a stream": () => change((channel) => channel.deleteQueue("stream")),
    "make a queue another": () =>
      change(async (channel) => {
        await channel.deleteQueue("short");
        await channel.assertQueue("short", { arguments: { "x-message-ttl": 1000 } });
      }),
    "add an exchange": () => change((channel) => channel.assertExchange("added", "headers", { durable: false })),
    "remove an exchange": () => change((channel) => channel.deleteExchange("shop")),
    "make an exchange another": () =>
      change(async (channel) => {
        await channel.deleteExchange("shop");
        await channel.assertExchange("shop", "fanout");
      }),
    "add bindings": () =>
      change(async (channel) => {
        await channel.bindQueue("orders", "amq.topic", "a.#");
        await channel.bindQueue("orders", "amq.headers", "", { "x-match": "all", price: 3 });
        await channel.bindExchange("amq.fanout", "amq.direct", "on");
      }),
    "remove a binding": () => change((channel) => channel.unbindQueue("seeded", "shop", "seed.*")),
    "remove a binding with an argument": () =>
      change((channel) => channel.unbindQueue("orders", "shop", "order.*", { note: "with an argument" })),
    ...Object.fromEntries(
      Object.entries({
        "add a policy": `rabbit_policy:set(${b(VHOST)}, ${b("all")}, ${b(".*")}, [{${b("max-length")}, 1}], 0, ${b("queues")}, ${b("spec")})`,
        "add an operator policy": `rabbit_policy:set_op(${b(VHOST)}, ${b("op")}, ${b("^x")}, [{${b("max-length")}, 1}], 0, ${b("queues")}, ${b("spec")})`,
        "change a policy": `rabbit_policy:set(${b(VHOST)}, ${b("short")}, ${b("^other")}, [{${b("max-length")}, 2}], 0, ${b("queues")}, ${b("spec")})`,
        "remove a policy": `rabbit_policy:delete(${b(VHOST)}, ${b("short")}, ${b("spec")})`,
        "add a user": `rabbit_auth_backend_internal:add_user(${b("eve")}, ${b("secret")}, ${b("spec")})`,
        "change a password": `rabbit_auth_backend_internal:change_password(${b("ada")}, ${b("another")}, ${b("spec")})`,
        "change a user's tags": `rabbit_auth_backend_internal:set_tags(${b("ada")}, [administrator], ${b("spec")})`,
        "limit a user": `rabbit_auth_backend_internal:set_user_limits(${b("ada")}, #{${b("max-channels")} => 4}, ${b("spec")})`,
        "remove a user": `rabbit_auth_backend_internal:delete_user(${b("ada")}, ${b("spec")})`,
        "change permissions": `rabbit_auth_backend_internal:set_permissions(${b("ada")}, ${b(VHOST)}, ${b("x")}, ${b("x")}, ${b("x")}, ${b("spec")})`,
        "add permissions": `rabbit_auth_backend_internal:set_permissions(${b("ada")}, ${b("others")}, ${b("x")}, ${b("x")}, ${b("x")}, ${b("spec")})`,
        "remove permissions": `rabbit_auth_backend_internal:clear_permissions(${b("ada")}, ${b(VHOST)}, ${b("spec")})`,
        "add topic permissions": `rabbit_auth_backend_internal:set_topic_permissions(${b("ada")}, ${b(VHOST)}, ${b("shop")}, ${b("x")}, ${b("x")}, ${b("spec")})`,
        "add a vhost": `rabbit_vhost:add(${b("new")}, ${b("spec")})`,
        "limit a vhost": `rabbit_vhost_limit:set(${b("others")}, [{${b("max-queues")}, 9}], ${b("spec")})`,
        "remove a vhost": `rabbit_vhost:delete(${b("others")}, ${b("spec")})`,
        "set a global parameter": `rabbit_runtime_parameters:set_global(mine, 1, ${b("spec")})`,
      }).map(([what, expression]) => [what, () => evaluate(server, `catch ${expression}.`)]),
    ),
  };

  for (const [what, make] of Object.entries(CHANGES))
    it(`brings back everything after specs ${what}`, async () => {
      await make();
      await running.reset();
      expect(await definitions(server)).to.deep.equal(before);
      await expectMessagesAsBefore();
    });

  it("brings back everything whatever specs change", async function () {
    this.timeout(120_000);
    const changes = fc.uniqueArray(fc.constantFrom(...Object.keys(CHANGES)), { minLength: 2, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(changes, async (names) => {
        // One that needs what another has removed has nothing to change.
        for (const each of names) await CHANGES[each]!().catch(() => {});
        await running.reset();
        expect(await exported(server)).to.deep.equal(exportedBefore);
        await expectMessagesAsBefore();
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });

  async function expectMessagesAsBefore(): Promise<void> {
    const queues = ["orders", "short", "stream", "seeded", "lasting"];
    expect(await Promise.all(queues.map((queue) => count(queue)))).to.deep.equal([0, 0, 0, 3, 3]);
    const contents = await Promise.all([
      drained(server, "seeded"),
      drained(server, "lasting"),
      drained(server, "far", "others"),
    ]);
    expect(contents).to.deep.equal([SEEDED, SEEDED, []]);
    expect(worker.cancelled).to.deep.equal([]);
  }
});

async function publishTo(channel: ConfirmChannel, queues: readonly string[]): Promise<void> {
  for (const queue of queues) channel.sendToQueue(queue, Buffer.from("mine"));
}

/** A text as Erlang has it. */
function b(text: string): string {
  return `<<"${text}">>`;
}
