// startStack, RunningStack, ResolvedImage
import { startStack } from "stackspec";
import shop from "./define-stack.ts";

it("survives a restart of its own", async () => {
  const running = await startStack(shop);
  try {
    await running.values.target.http.get("/");
    // What ran: where each image is from, and its digest.
    console.log(running.images.map(({ name, origin, digest }) => `${name}: ${origin}, ${digest}`).join("\n"));
  } finally {
    await running.stop();
  }
}).timeout(60_000);
