import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cp, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { MySqlContainer } from "@testcontainers/mysql";
import { acceptsSql, defineStack, imageFrom } from "stackspec";
import { definePipeline, unchecked } from "stackspec/pipeline";
import { GenericContainer } from "testcontainers";

const app = "containers/app";
const workdir = `/project/${app}`;
const lock = ["package-lock.json", "package.json", `${app}/package.json`];
const folders = ["src", "client", "test", "static", "migrations"];
const files = ["build.ts", "bundle-client.ts", "tsconfig.json", "package.json", "Dockerfile"];
const sources = [...folders, ...files].map((name) => `${app}/${name}`);
const database = { name: "todobackend", user: "todo", password: randomUUID(), rootPassword: randomUUID() };

/** The app's own tests run against a MySQL of their own. */
const databaseStack = defineStack("database", (stack) => {
  const db = stack.service(
    "db",
    ({ image }) =>
      new MySqlContainer(image)
        .withDatabase(database.name)
        .withUsername(database.user)
        .withUserPassword(database.password)
        .withRootPassword(database.rootPassword),
    { image: "mysql:9.7", ready: acceptsSql() },
  );
  return { db };
});

/** The app's sources in its development image. */
function development(image: string, ...command: string[]): GenericContainer {
  const copies = [...sources, "tsconfig.json", ".oxlintrc.json"].map((path) => ({
    source: path,
    target: `/project/${path}`,
  }));
  const isFolder = (path: string): boolean => !/\.\w+$|Dockerfile$/.test(path);
  return new GenericContainer(image)
    .withWorkingDir(workdir)
    .withCopyDirectoriesToContainer(copies.filter(({ source }) => isFolder(source)))
    .withCopyFilesToContainer(copies.filter(({ source }) => !isFolder(source)))
    .withCommand(command);
}

export default definePipeline("todobackend", (pipeline) => {
  // npm runs on this machine, with its registry, certificates and passwords: containers need none of them.
  const dependencies = pipeline.cache("dependencies", {
    keyedBy: lock,
    async fill({ folder, architecture, signal }) {
      for (const path of lock) await copy(path, join(folder, path));
      const target = ["--os=linux", `--cpu=${architecture}`, "--libc=glibc"];
      const words = ["ci", "--workspace", "todobackend", "--ignore-scripts", "--no-audit", "--no-fund", ...target];
      await promisify(execFile)("npm", words, { cwd: folder, signal });
    },
  });
  const inDevelopment = {
    image: imageFrom("todobackend-dev", `${app}/dev`),
    caches: [dependencies.at("/project/dependencies")],
  };

  const tested = pipeline.test("test", { sources }, (stage) => {
    const db = stage.stack(databaseStack);
    stage.task("types", ({ image }) => development(image, "tsc", "--noEmit"), inDevelopment);
    stage.task(
      "lint",
      ({ image }) =>
        development(image, "oxlint", "--deny-warnings", "src", "client", "test", "build.ts", "bundle-client.ts"),
      inDevelopment,
    );
    stage.task("audit", ({ signal }) => audit(signal));
    stage.task(
      "unittests",
      ({ image }) =>
        development(image, "sh", "test/run.sh").withEnvironment({
          MYSQL_HOST: "db",
          MYSQL_DATABASE: database.name,
          MYSQL_USER: database.user,
          MYSQL_PASSWORD: database.password,
        }),
      {
        ...inDevelopment,
        on: db,
        collects: {
          "/reports/unittests.xml": "reports/unittests.xml",
          "/reports/cobertura-coverage.xml": "reports/coverage.xml",
        },
      },
    );
  });

  const built = pipeline.build(
    "build",
    tested,
    { artefact: "target/app", version, versions: dependencyVersions },
    (stage) => {
      stage.task("bundle", ({ image }) => development(image, "node", "build.ts"), {
        ...inDevelopment,
        collects: { [`${workdir}/dist`]: "target/app/dist", [`${workdir}/Dockerfile`]: "target/app/Dockerfile" },
      });
    },
  );

  const released = pipeline.release("release", built, {
    image: "todobackend",
    source: "https://github.com/stackspec/stackspec",
    acceptance: { suite: "acceptance", environment: (image) => ({ STACK: "release", APP_IMAGE: image }) },
    specs: {
      async stack(image) {
        // The stack reads its settings when it is declared.
        process.env["APP_IMAGE"] = image;
        return (await import("../stacks/release.ts")).default;
      },
      image: imageFrom("todobackend-specs", "containers/specs", {
        inputs: ["containers/specs", "src", "specs/acceptance", "package-lock.json"],
        artefact: ["node", "containers/specs/build.ts"],
      }),
      create: ({ image }) => new GenericContainer(image).withEnvironment({ URL: "http://nginx:8000/todos" }),
      report: "/project/reports/acceptance.xml",
    },
  });

  pipeline.publish("publish", released, { repository: "todobackend" });
});

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to);
}

/** Fails for what is known to be unsafe; where the registry does not answer, that is not known. */
async function audit(signal: AbortSignal) {
  const words = ["audit", "--workspace", "todobackend", "--audit-level=high", "--json"];
  const { stdout } = await promisify(execFile)("npm", words, { signal }).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? "",
  }));
  const { metadata, message = "npm audit gave no answer" } = parse(stdout);
  if (metadata === undefined) return unchecked(message.split("\n")[0]!);
  const { high = 0, critical = 0 } = metadata.vulnerabilities;
  if (high + critical > 0)
    throw new Error(
      `expected no dependency that is known to be unsafe, npm audit found ${high} high and ${critical} critical`,
    );
  return undefined;
}

function parse(text: string): { metadata?: { vulnerabilities: Record<string, number> }; message?: string } {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

async function version(): Promise<string> {
  return (JSON.parse(await readFile(`${app}/package.json`, "utf8")) as { version: string }).version;
}

/** What is bundled into the artefact, as the lock has it. */
async function dependencyVersions(): Promise<Record<string, string>> {
  const { dependencies } = JSON.parse(await readFile(`${app}/package.json`, "utf8")) as {
    dependencies: Record<string, string>;
  };
  const { packages } = JSON.parse(await readFile("package-lock.json", "utf8")) as {
    packages: Record<string, { version: string }>;
  };
  return Object.fromEntries(Object.keys(dependencies).map((name) => [name, packages[`node_modules/${name}`]!.version]));
}
