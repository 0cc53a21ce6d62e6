import Dockerode from "dockerode";
import { expect } from "chai";
import { StackspecError, defineStack, requireEngine } from "stackspec";
import { watchExits } from "../../src/engine/docker/exits.ts";
import type { Exits } from "../../src/engine/docker/exits.ts";
import { NODE, engine, shell, useRunning } from "./engine.ts";
import { watchedSocketToEngine } from "./socket.ts";
import type { Passing, SocketToEngine } from "./socket.ts";

describe("the watch over containers that exit", () => {
  requireEngine();
  const stack = useRunning(
    defineStack("watched", ({ service }) => {
      const idle = (name: string) => service(name, ({ image }) => shell(image, "sleep 1000"), { image: NODE });
      const [one, two, three] = [idle("one"), idle("two"), idle("three")];
      return { one, two, three, four: idle("four"), five: idle("five"), six: idle("six") };
    }),
  );
  let socket: SocketToEngine;
  let exits: Exits;
  /** The stream of events that was asked for last. */
  let stream: Passing;
  /** Done with each request for events before it is passed on. */
  let onEvents: (passing: Passing) => unknown;

  beforeEach("containers are watched through a socket", async () => {
    onEvents = () => {};
    socket = await watchedSocketToEngine((passing) => {
      if (!passing.url.pathname.endsWith("/events")) return undefined;
      stream = passing;
      return onEvents(passing);
    });
    exits = await watchExits({ docker: new Dockerode({ socketPath: socket.address.replace("unix://", "") }) });
  });
  afterEach("nobody is watched any more", () => {
    exits.close();
    socket.cut();
  });

  async function kill(id: string): Promise<void> {
    const container = (await engine()).getContainer(id);
    await Promise.all([container.wait(), container.kill()]);
  }

  /** Breaks the stream of events, and kills the container before there is another; `then` is done with the request for that. */
  async function killUnseen(id: string, then: (passing: Passing) => unknown = () => {}): Promise<void> {
    const asked = Promise.withResolvers<void>();
    const killed = Promise.withResolvers<void>();
    onEvents = async (passing) => {
      asked.resolve();
      await killed.promise;
      then(passing);
    };
    stream.cut();
    await asked.promise;
    await kill(id);
    killed.resolve();
  }

  it("tells of one that exits while the engine's events do not come", async () => {
    const id = stack().values.one.getId();
    const exit = exits.of(id);
    await killUnseen(id);
    expect(await exit).to.equal(137);
  });

  it("tells of it also who asks only afterwards", async () => {
    const [id, next] = [stack().values.two.getId(), stack().values.six.getId()];
    await killUnseen(id);
    const nextExit = exits.of(next);
    await kill(next);
    await nextExit; // The stream is there again.
    expect(await exits.of(id)).to.equal(137);
  });

  it("tells of it also when the engine has forgotten the event", async () => {
    const id = stack().values.three.getId();
    const exit = exits.of(id);
    await killUnseen(id, ({ url }) => url.searchParams.delete("since"));
    expect(await exit).to.equal(137);
  });

  it("goes on where the stream of events was broken and is there again", async () => {
    const again = Promise.withResolvers<void>();
    onEvents = () => again.resolve();
    stream.cut();
    await again.promise;
    const id = stack().values.four.getId();
    const exit = exits.of(id);
    await kill(id);
    expect(await exit).to.equal(137);
  });

  it("says that the engine is lost, and why, when it does not answer again", async () => {
    const exit = exits.of(stack().values.five.getId());
    socket.cut();
    const failure = await exit.catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(StackspecError).and.to.have.property("code", "ENGINE_LOST");
    expect(failure).to.have.nested.property("cause.code", "ENOENT");
  });

  it("says so of an engine that ends the stream of its events again and again", async () => {
    onEvents = (passing) => passing.answer(200);
    const exit = exits.of(stack().values.five.getId());
    stream.cut();
    await expect(exit).to.be.rejected.and.eventually.have.property("code", "ENGINE_LOST");
  });
});
