/** A service that everybody knows, as a new project declares it. */
export interface ServiceRecipe {
  readonly image: string;
  readonly port: number;
  /** Its environment, as in the declaration. */
  readonly environment: string;
  /** A command in the container, and what it prints. */
  readonly command: readonly string[];
  readonly prints: string;
  /** What is observed. */
  readonly fact: string;
  /** How the project's own application is told where it is: a variable and its value, as in the declaration. */
  readonly told: readonly [name: string, value: string];
  /** The package that brings its data back between spec files, where stackspec does not have it. */
  readonly client?: string;
}

const account = (prefix: string, user: string, database: string, more = ""): string =>
  `{ ${prefix}_${user}: "app", ${prefix}_PASSWORD: secret("app"), ${prefix}_${database}: "app"${more} }`;
const sql = (program: string): readonly string[] => ["sh", "-c", `${program} app --execute "select 41 + 1"`];
const address = (protocol: string, host: string, more = ""): string =>
  `\`${protocol}://app:\${secret("app")}@${host}${more}\``;
const counts = (program: string, host: string) =>
  ({
    port: 6379,
    environment: "{}",
    command: [program, "incr", "visits"],
    prints: "1",
    fact: "counts",
    told: ["REDIS_URL", `"redis://${host}:6379"`],
    client: "redis",
  }) as const;

const SERVICES = {
  postgres: {
    image: "postgres:18",
    port: 5432,
    environment: account("POSTGRES", "USER", "DB"),
    command: ["psql", "--username", "app", "--command", "select 41 + 1"],
    prints: "42",
    fact: "answers in SQL",
    told: ["DATABASE_URL", address("postgres", "postgres", ":5432/app")],
    client: "pg",
  },
  mysql: {
    image: "mysql:9.7",
    port: 3306,
    environment: account("MYSQL", "USER", "DATABASE", `, MYSQL_ROOT_PASSWORD: secret("root")`),
    command: sql('mysql --user=app --password="$MYSQL_PASSWORD"'),
    prints: "42",
    fact: "answers in SQL",
    told: ["DATABASE_URL", address("mysql", "mysql", ":3306/app")],
  },
  mariadb: {
    image: "mariadb:11.8",
    port: 3306,
    environment: account("MARIADB", "USER", "DATABASE", `, MARIADB_ROOT_PASSWORD: secret("root")`),
    command: sql('mariadb --user=app --password="$MARIADB_PASSWORD"'),
    prints: "42",
    fact: "answers in SQL",
    told: ["DATABASE_URL", address("mysql", "mariadb", ":3306/app")],
  },
  redis: { image: "redis:8", ...counts("redis-cli", "redis") },
  valkey: { image: "valkey/valkey:9", ...counts("valkey-cli", "valkey") },
  rabbitmq: {
    image: "rabbitmq:4",
    port: 5672,
    environment: `{ RABBITMQ_DEFAULT_USER: "app", RABBITMQ_DEFAULT_PASS: secret("app") }`,
    command: ["rabbitmqctl", "list_users"],
    prints: "app",
    fact: "knows its user",
    told: ["AMQP_URL", address("amqp", "rabbitmq", ":5672")],
  },
} satisfies Readonly<Record<string, ServiceRecipe>>;

export type KnownService = keyof typeof SERVICES;
export const KNOWN_SERVICES = Object.keys(SERVICES) as readonly KnownService[];

export function recipeOf(service: KnownService): ServiceRecipe {
  return SERVICES[service];
}
