// startStack, RunningStack
import { startStack } from "stackspec";
import shop from "./define-stack.ts";

it("survives a restart of its own", async () => {
  const running = await startStack(shop);
  try {
    await running.values.target.http.get("/");
  } finally {
    await running.stop();
  }
}).timeout(60_000);
