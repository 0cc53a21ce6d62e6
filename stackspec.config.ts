import { defineConfig } from "stackspec";

export default defineConfig({
  suites: {
    checks: {},
    unit: {},
    // The HTML report in a real Chromium.
    report: {},
    integration: { needs: "engine" },
    // Whole runs: ended, killed, kept, watched, and beside each other: `npm run runs`.
    runs: { needs: "engine", test: false },
    // Every kind of service, and their substitutes: `npm run drivers`.
    drivers: { needs: "engine", test: false },
    // Foreign projects with the packed package: `npm run examples`.
    examples: { needs: "engine", test: false },
    acceptance: { needs: "target", stacks: ["embedded", "release"] },
    // The web client in a real Chromium.
    browser: { needs: "target", stacks: ["embedded", "release"] },
  },
  defaultStack: "release",
  // The app in this process, where there is no engine.
  fallbackStack: "embedded",
  // CI of this repository runs on a machine that may have neither an engine nor a registry.
  engine: "install",
  images: "auto",
});
