import { CI_FILES } from "./init-ci.ts";
import { SHARDED_CI_FILES } from "./init-ci-shards.ts";

/** What the files of a new project depend on. */
export interface Choices {
  /** "ts" or "mts", "js" or "mjs". */
  readonly extension: string;
  /** A service that everybody knows; undefined: one that speaks HTTP. */
  readonly service: KnownService | undefined;
  /** The project's own image, where it has a Dockerfile. */
  readonly image: { readonly name: string; readonly port: number } | undefined;
  readonly ci: keyof typeof CI_FILES;
  /** How many machines it runs; undefined: one. */
  readonly shards: number | undefined;
}

/** Whether there is a file of this CI system for several machines. */
export function isSharded(ci: Choices["ci"]): ci is keyof typeof SHARDED_CI_FILES {
  return Object.hasOwn(SHARDED_CI_FILES, ci);
}

interface ServiceRecipe {
  readonly image: string;
  readonly port: number;
  /** Its environment, as in the declaration. */
  readonly environment: string;
  /** A command in the container, and what it prints. */
  readonly command: readonly string[];
  readonly prints: string;
  /** What is observed. */
  readonly fact: string;
  /** The package that brings its data back between spec files, where stackspec does not have it. */
  readonly client?: string;
}

const account = (prefix: string, user: string, database: string, more = ""): string =>
  `{ ${prefix}_${user}: "app", ${prefix}_PASSWORD: secret("app"), ${prefix}_${database}: "app"${more} }`;
const sql = (program: string): readonly string[] => ["sh", "-c", `${program} app --execute "select 41 + 1"`];
const counts = (program: string) => ({
  port: 6379,
  environment: "{}",
  command: [program, "incr", "visits"],
  prints: "1",
  fact: "counts",
  client: "redis",
});

const SERVICES = {
  postgres: {
    image: "postgres:18",
    port: 5432,
    environment: account("POSTGRES", "USER", "DB"),
    command: ["psql", "--username", "app", "--command", "select 41 + 1"],
    prints: "42",
    fact: "answers in SQL",
    client: "pg",
  },
  mysql: {
    image: "mysql:9.7",
    port: 3306,
    environment: account("MYSQL", "USER", "DATABASE", `, MYSQL_ROOT_PASSWORD: secret("root")`),
    command: sql('mysql --user=app --password="$MYSQL_PASSWORD"'),
    prints: "42",
    fact: "answers in SQL",
  },
  mariadb: {
    image: "mariadb:11.8",
    port: 3306,
    environment: account("MARIADB", "USER", "DATABASE", `, MARIADB_ROOT_PASSWORD: secret("root")`),
    command: sql('mariadb --user=app --password="$MARIADB_PASSWORD"'),
    prints: "42",
    fact: "answers in SQL",
  },
  redis: { image: "redis:8", ...counts("redis-cli") },
  valkey: { image: "valkey/valkey:9", ...counts("valkey-cli") },
  rabbitmq: {
    image: "rabbitmq:4",
    port: 5672,
    environment: `{ RABBITMQ_DEFAULT_USER: "app", RABBITMQ_DEFAULT_PASS: secret("app") }`,
    command: ["rabbitmqctl", "list_users"],
    prints: "app",
    fact: "knows its user",
  },
} satisfies Readonly<Record<string, ServiceRecipe>>;

export type KnownService = keyof typeof SERVICES;
export const KNOWN_SERVICES = Object.keys(SERVICES) as readonly KnownService[];

/** The packages that a project of this service needs besides. */
export function clientsOf(service: KnownService): readonly string[] {
  const { client }: ServiceRecipe = SERVICES[service];
  return client === undefined ? [] : [client];
}

/** The files of a new project, by their paths. */
export function newFiles(
  { extension, service, image, ci, shards }: Choices,
  script: string,
): ReadonlyMap<string, string> {
  const name = service ?? image?.name ?? "web";
  const suite = service === undefined ? "acceptance" : "integration";
  const [stack, spec] = service === undefined ? http(name, image) : known(name, SERVICES[service], extension);
  const text = shards !== undefined && isSharded(ci) ? forShards(SHARDED_CI_FILES[ci], shards) : CI_FILES[ci].text;
  return new Map([
    [`stackspec.config.${extension}`, config(service === undefined ? name : undefined)],
    [`specs/stacks/${name}.${extension}`, stack!],
    [`specs/${suite}/${name}.spec.${extension}`, spec!],
    [CI_FILES[ci].path, text.replace("SCRIPT", script === "test" ? "test" : `run ${script}`)],
  ]);
}

function forShards(text: string, shards: number): string {
  const numbers = Array.from({ length: shards }, (_, index) => index + 1);
  return text.replace("NUMBERS", numbers.join(", ")).replace("TOTAL", String(shards));
}

/** A line of a file. It does not stand here as such a line would: what imports what is read in this source. */
function importOf(names: string, path: string): string {
  return `import ${names} from "${path}";`;
}

/** @param defaultStack undefined where no suite talks to a target */
function config(defaultStack: string | undefined): string {
  const line =
    defaultStack === undefined
      ? "  // `npx stackspec config` shows what can stand here.\n"
      : `  // What useTarget() talks to, unless STACK or URL says otherwise.\n  defaultStack: "${defaultStack}",\n`;
  return `import { defineConfig } from "stackspec";\n\nexport default defineConfig({\n${line}});\n`;
}

function http(name: string, image: Choices["image"]): readonly string[] {
  const names = image === undefined ? "answers, defineStack" : "defineStack, imageFrom, listens";
  const options =
    image === undefined
      ? `{ image: "nginx:1.30", http: { port: 80 }, ready: answers("/") }`
      : `{\n    // The Dockerfile of this folder; its steps may use the network.\n    image: imageFrom("${name}", ".", { network: true }),\n    http: { port: ${image.port} },\n    ready: listens(${image.port}),\n  }`;
  return [
    `${importOf(`{ ${names} }`, "stackspec")}
${importOf("{ GenericContainer }", "testcontainers")}

export default defineStack("${name}", (stack) => {
  const target = stack.service("${name}", ({ image }) => new GenericContainer(image), ${options});
  return { target };
});
`,
    `${importOf("{ expect }", "chai")}
${importOf("{ useTarget }", "stackspec")}

describe("${name}", () => {
  const api = useTarget();

  it("answers", async () => {
    const { status } = await api.get("/");
    expect(status).to.be.below(500);
  });
});
`,
  ];
}

function known(name: string, recipe: ServiceRecipe, extension: string): readonly string[] {
  const { image, port, environment, command, prints, fact } = recipe;
  const withSecrets = environment.includes("secret(");
  const told = environment === "{}" ? "" : `\n        .withEnvironment(${environment})`;
  return [
    `${importOf(withSecrets ? "{ defineStack, secret }" : "{ defineStack }", "stackspec")}
${importOf("{ GenericContainer }", "testcontainers")}

export default defineStack("${name}", (stack) => {
  const ${name} = stack.service(
    "${name}",
    ({ image }) =>
      new GenericContainer(image)${told}
        .withExposedPorts(${port}),
    { image: "${image}" },
  );
  return { ${name} };
});
`,
    `${importOf("{ expect }", "chai")}
${importOf("{ useStack }", "stackspec")}
${importOf(name, `../stacks/${name}.${extension}`)}

describe("${name}", () => {
  const stack = useStack(${name});

  it("${fact}", async () => {
    const { output } = await stack.${name}.exec([${command.map((word) => (word.includes('"') ? `'${word}'` : `"${word}"`)).join(", ")}]);
    expect(output).to.include("${prints}");
  });
});
`,
  ];
}
