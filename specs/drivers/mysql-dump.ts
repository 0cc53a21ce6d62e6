import { queryAsRoot } from "../integration/mysql.ts";
import type { RootedServer } from "../integration/mysql.ts";

/** Tables in which the server itself keeps notes, and long ones that nobody changes. */
const IGNORED = [
  "innodb_index_stats innodb_table_stats transaction_registry column_stats index_stats table_stats general_log slow_log gtid_executed help_category help_keyword help_relation",
  "help_topic time_zone time_zone_name time_zone_transition time_zone_transition_type",
].flatMap((names) => names.split(" ").map((name) => `--ignore-table=mysql.${name}`));

/** Where a reset notes what the server has counted. */
const COUNTS = ["--ignore-table=stackspec_baseline.tables", "--ignore-table=stackspec_baseline.mark"];

const ROW_BY_ROW = ["--order-by-primary", "--skip-extended-insert"];

/** Triggers and their order, which no dump says. */
const ORDER = "SELECT TRIGGER_SCHEMA, TRIGGER_NAME, ACTION_ORDER FROM information_schema.TRIGGERS ORDER BY 1, 2";

/** How a server is asked for all that it holds. */
export const MYSQL_DUMP = {
  program: "mysqldump",
  words: [] as readonly string[],
  queries: [
    "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.global_variables ORDER BY 1",
    "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.persisted_variables ORDER BY 1",
    "SELECT SCHEMA_NAME, OPTIONS FROM information_schema.SCHEMATA_EXTENSIONS ORDER BY 1",
    ORDER,
  ],
};
export const MARIADB_DUMP = {
  program: "mariadb-dump",
  // They are dumped as statements, without the time at which they were made.
  words: ["--ignore-table=mysql.proc", "--ignore-table=mysql.event"],
  queries: [
    "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES ORDER BY 1",
    "SELECT * FROM information_schema.SCHEMATA ORDER BY 2",
    ORDER,
  ],
};

/**
 * All that a server holds, as text: what `mysqldump` makes of it, users and grants included, and what that leaves out.
 * None of it is read the way a reset reads it.
 *
 * @param queries for what a dump shows as the same text
 */
export async function dumpOf(
  server: RootedServer,
  { program, words, queries: others }: typeof MYSQL_DUMP,
  queries: readonly string[],
): Promise<string> {
  const all = ["--user=root", "--all-databases", "--routines", "--triggers", "--events", "--hex-blob", ...words];
  const { exitCode, output } = await server.exec(
    // Its warnings would be anywhere in between.
    ["sh", "-c", `${program} "$@" 2>&-`, "sh", ...all, ...ROW_BY_ROW, "--skip-comments", ...IGNORED, ...COUNTS],
    { env: { MYSQL_PWD: server.getRootPassword() } },
  );
  if (exitCode !== 0) throw new Error(output);
  const answers: string[] = [];
  for (const query of [...others, ...queries])
    answers.push(...((await queryAsRoot(server, "mysql", query)) as object[]).map((row) => JSON.stringify(row)));
  return [withRowsInOrder(output), ...answers].join("\n");
}

/** The rows of a table without a key have no order: they come in that of their texts. */
function withRowsInOrder(dump: string): string {
  return dump.replaceAll(/(?:^INSERT INTO .*\n)+/gm, (rows) => `${rows.trimEnd().split("\n").toSorted().join("\n")}\n`);
}

/** What differs between two dumps, by line. */
export function changesIn(before: string, after: string): string[] {
  if (before === after) return [];
  const [old, now] = [before.split("\n"), after.split("\n")];
  const [gone, come] = [new Set(old).difference(new Set(now)), new Set(now).difference(new Set(old))];
  return ["another text:", ...[...gone].map((line) => `- ${line}`), ...[...come].map((line) => `+ ${line}`)];
}
