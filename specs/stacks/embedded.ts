import { defineStack, httpClient } from "stackspec";
import { startEmbedded } from "todobackend/embed";

/** The app alone, in this process, on SQLite: no engine, a few milliseconds. */
export default defineStack("embedded", (stack) => {
  const target = stack.service("app", () => ({
    async start() {
      const app = await startEmbedded();
      return { ...app, http: httpClient(app.url) };
    },
  }));
  return { target };
});
