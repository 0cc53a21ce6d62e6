import { randomUUID } from "node:crypto";
import { expect } from "chai";
import Dockerode from "dockerode";
import { requireEngine } from "stackspec";
import { RUN_LABEL } from "../../src/engine/docker/labels.ts";
import { createNetwork } from "../../src/engine/plan/create-network.ts";
import { cleanUp, engine } from "./engine.ts";
import { watchedSocketToEngine } from "./socket.ts";

describe("a network for which other stacks have left no addresses", () => {
  requireEngine();
  const id = `spec-${randomUUID().slice(0, 8)}`;
  const other = `${id}-other`;
  cleanUp("both are gone", async () => {
    for (const name of [id, other]) await (await engine()).getNetwork(name).remove();
  });

  it("is made when one of them has ended, and one line says what it waits for", async () => {
    await (await engine()).createNetwork({ Name: other, Labels: { [RUN_LABEL]: other } });
    let refusals = 2;
    const socket = await watchedSocketToEngine(({ url, answer }) => {
      // The addresses are everybody's on this engine: to use them up would end what else runs there.
      if (url.pathname.endsWith("/networks/create") && refusals-- > 0)
        answer(500, { message: "could not find an available, non-overlapping IPv4 address pool" });
    });
    const said: unknown[] = [];
    const docker = new Dockerode({ socketPath: new URL(socket.address).pathname });
    const context = { onProgress: (event: unknown) => void said.push(event), signal: new AbortController().signal };
    await createNetwork({ docker } as never, id, { [RUN_LABEL]: id }, "shop", context);
    socket.cut();
    expect((await (await engine()).getNetwork(id).inspect()).Labels).to.deep.equal({ [RUN_LABEL]: id });
    expect(said.map((event) => (event as { text: string }).text).join("\n")).to.match(
      /^shop waits for a network: the engine has no addresses left, \d+ of its networks are stackspec's$/,
    );
  });
});
