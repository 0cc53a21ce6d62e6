import { PostgreSqlContainer } from "@testcontainers/postgresql";
import type { StartedPostgreSqlContainer } from "@testcontainers/postgresql";
import { Client } from "pg";
import { defineStack, requireEngine } from "stackspec";
import type { Server, ServiceAddress } from "../../src/stack/driver.ts";
import { postgres } from "../../src/engine/drivers/postgres/postgres.ts";
import { useRunning } from "../integration/engine.ts";

const DATABASE = "shop";
const ENVIRONMENT = { POSTGRES_USER: "owner", POSTGRES_PASSWORD: "secret", POSTGRES_DB: DATABASE };

const DUMP = `pg_dump -U owner --inserts --exclude-schema=stackspec_baseline --exclude-extension=plpgsql --restrict-key=x ${DATABASE} &&
  pg_dumpall -U owner --globals-only --restrict-key=x && psql -U owner -d ${DATABASE} -Atc "SELECT datname, datdba::regrole, datconnlimit,
    ARRAY(SELECT aclexplode(coalesce(datacl, acldefault('d', datdba)))::text ORDER BY 1) FROM pg_database" -c "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting"`;

/** A PostgreSQL server, and what specs say and ask there as its superuser. */
export interface PostgresUnderTest {
  /** The driver's; the same from spec to spec. */
  readonly driver: () => Server;
  /** Another of the driver's, as a later run has it. */
  readonly another: (address?: Partial<ServiceAddress>) => Server;
  /** Runs statements; the rows of the last. */
  readonly sql: (statements: string, database?: string) => Promise<unknown[]>;
  /** A connection of a spec's own. */
  readonly connect: (database?: string, user?: { user: string; password: string }) => Promise<Client>;
  /** What is not as the driver has noted it, by what PostgreSQL's own tools tell of the server: "+ …" and "- …" for lines. */
  readonly changed: () => Promise<string[]>;
  /** Has the server crash, and waits until it is there again. */
  readonly crash: () => Promise<void>;
}

/** Starts a server as the driver wants it, writes what a suite's tasks would leave, and has the driver note it. */
export function usePostgres(schema: readonly string[]): PostgresUnderTest {
  requireEngine();
  const stack = defineStack("postgres-driver", ({ service }) => ({
    db: service(
      "db",
      ({ image }) =>
        new PostgreSqlContainer(image)
          .withUsername(ENVIRONMENT.POSTGRES_USER)
          .withPassword(ENVIRONMENT.POSTGRES_PASSWORD)
          .withDatabase(DATABASE)
          .withEnvironment({ [postgres.data!.variable!.name]: postgres.data!.variable!.value })
          .withCommand(["postgres", ...postgres.flags, "-c", "max_prepared_transactions=5"]),
      { image: "postgres:18" },
    ),
  }));
  const running = useRunning(stack);
  const container = (): StartedPostgreSqlContainer => running().values.db;
  const address = () => ({
    host: container().getHost(),
    port: container().getPort(),
    environment: ENVIRONMENT,
    command: [],
    suffix: "",
    shared: false,
    exec: async (command: readonly string[]) => {
      const { exitCode, output, stdout } = await container().exec([...command]);
      return { exitCode, output: exitCode === 0 ? stdout : output };
    },
  });
  const another: PostgresUnderTest["another"] = (changes) => postgres.connect({ ...address(), ...changes }) as Server;
  let driver: Server | undefined;
  const connect: PostgresUnderTest["connect"] = async (database = DATABASE, user) => {
    const { host, port } = address();
    const client = new Client({ host, port, database, user: "owner", password: "secret", ...user });
    client.on("error", () => {}); // Some are cut off.
    await client.connect();
    return client;
  };
  const sql: PostgresUnderTest["sql"] = async (statements, database) => {
    const client = await connect(database);
    try {
      const results = [await client.query<object>(statements)].flat();
      return results.at(-1)!.rows;
    } finally {
      await client.end();
    }
  };
  const dump = async (): Promise<string[]> => {
    const { exitCode, output } = await container().exec(["sh", "-c", DUMP]);
    if (exitCode !== 0) throw new Error(output);
    return output.split("\n").toSorted();
  };
  let noted: readonly string[];
  before("the driver has noted what there is", async function () {
    this.timeout(60_000);
    for (const statement of schema) await sql(statement);
    driver = another();
    await driver.takeBaseline();
    noted = await dump();
  });
  after("the driver has let go", () => driver?.close?.());
  return {
    driver: () => driver!,
    another,
    sql,
    connect,
    async changed() {
      const now = await dump();
      return [
        ...noted.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
        ...now.filter((line) => !noted.includes(line)).map((line) => `+ ${line}`),
        ...(noted.length === now.length ? [] : [`${noted.length} lines are ${now.length}`]),
      ];
    },
    async crash() {
      const client = await connect();
      const {
        rows: [{ pid }],
      } = (await client.query("SELECT pg_backend_pid() AS pid")) as unknown as { rows: [{ pid: number }] };
      // What was committed a moment ago need not survive: it may be on its way to the log.
      await client.query("SELECT pg_logical_emit_message(false, '', '', true)");
      const isCut = new Promise((cut) => {
        client.once("error", cut);
      });
      await container().exec(["sh", "-c", `kill -9 ${pid}`]);
      await isCut;
      for (;;)
        try {
          return void (await sql("SELECT 1"));
        } catch {
          // It is not there yet.
        }
    },
  };
}
