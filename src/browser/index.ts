export { useBrowser } from "./fixture.ts";
export type { BrowserUse } from "./fixture.ts";
