// defineConfig, ProjectConfig, SuiteConfig
import { defineConfig } from "stackspec";
import type { SuiteConfig } from "stackspec";

const slow: SuiteConfig = { needs: "engine", test: false };

export default defineConfig({ suites: { unit: {}, load: slow }, defaultStack: "shop", startTimeoutMs: 60_000 });
