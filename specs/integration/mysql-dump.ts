import type { StartedMySqlContainer } from "@testcontainers/mysql";
import { queryAsRoot } from "./mysql.ts";

/** Tables in which the server itself keeps notes, and long ones that nobody changes. */
const IGNORED = [
  ...["innodb_index_stats", "innodb_table_stats", "general_log", "slow_log", "gtid_executed"],
  ...["help_category", "help_keyword", "help_relation", "help_topic"],
  ...["time_zone", "time_zone_name", "time_zone_transition", "time_zone_transition_type"],
].map((name) => `--ignore-table=mysql.${name}`);

/**
 * All that a server holds, as text: what `mysqldump` makes of it, users and grants included, and what that leaves out.
 * None of it is read the way a reset reads it.
 */
export async function dumpOf(server: StartedMySqlContainer): Promise<string> {
  const words = ["--user=root", "--all-databases", "--routines", "--triggers", "--events", "--hex-blob"];
  const { exitCode, output } = await server.exec(
    // Its warnings would be anywhere in between.
    ["sh", "-c", 'mysqldump "$@" 2>&-', "sh", ...words, "--order-by-primary", "--skip-comments", ...IGNORED],
    { env: { MYSQL_PWD: server.getRootPassword() } },
  );
  if (exitCode !== 0) throw new Error(output);
  const others = [
    "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.global_variables",
    "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.persisted_variables",
    "SELECT SCHEMA_NAME, OPTIONS FROM information_schema.SCHEMATA_EXTENSIONS",
    "SELECT TRIGGER_SCHEMA, TRIGGER_NAME, ACTION_ORDER FROM information_schema.TRIGGERS ORDER BY 1, 2",
  ];
  const answers: string[] = [];
  for (const query of others)
    answers.push(...((await queryAsRoot(server, "mysql", query)) as object[]).map((row) => JSON.stringify(row)));
  return [output, ...answers].join("\n");
}
