import { MySqlContainer } from "@testcontainers/mysql";
import { expect } from "chai";
import type { StackspecError } from "stackspec";
import { acceptsSql, defineStack, requireEngine, startStack } from "stackspec";
import { resultOf } from "./child.ts";
import { failureOf } from "./engine.ts";

type Failure = Pick<StackspecError, "code" | "sentence" | "message">;

/** How long the fixture's stacks have: a container each on a machine with two cores. */
const TIME_MS = 10_000;
/** And those of them have that must not need it, as long as those take altogether. */
const AMPLE_MS = 4 * TIME_MS;

describe("a service that does not become ready", () => {
  requireEngine();
  let failures: Record<string, Failure>;
  before("the time of several such stacks is over", async function () {
    this.timeout(120_000);
    const failuresIn = (time: number, environment = {}): Promise<typeof failures> =>
      resultOf("never-ready.ts", { environment: { STACKSPEC_START_TIMEOUT_MS: String(time), ...environment } });
    failures = Object.assign(...(await Promise.all([failuresIn(TIME_MS), failuresIn(AMPLE_MS, { GIVEN_UP: "1" })])));
  });
  const late = `web: not ready after ${TIME_MS} ms`;
  const remedy = "see its log, or set STACKSPEC_START_TIMEOUT_MS";

  const sentences: Record<string, [fixture: string, sentence: string]> = {
    "names the port that it never opens": ["port", `NOT_LISTENING: ${late}: nothing listens on port 8000 — ${remedy}`],
    "names the exposed port that it never opens, where no probe is declared": [
      "defaults",
      `NOT_LISTENING: ${late}: nothing listens on port 8000 — ${remedy}`,
    ],
    "says that it listens on the loopback interface only": [
      "loopback",
      `NOT_LISTENING: ${late}: it listens on 127.0.0.1:8000 only, 0.0.0.0:8000 was expected — ${remedy}`,
    ],
    "says that it listens on another port than it is asked at": [
      "another",
      `WRONG_ANSWER: ${late}: it listens on 0.0.0.0:9000 only, 0.0.0.0:8000 was expected — ${remedy}`,
    ],
    "shows the wrong status that it answers": [
      "status",
      `WRONG_ANSWER: ${late}: GET /health answered 503, expected 200: no database yet — ${remedy}`,
    ],
    "is given up before the time is over when it has answered nothing but the same 4xx for a quarter of it": [
      "missing",
      "REQUEST_REFUSED: web: since its first answer, for 10 s, GET /health answered 404, expected 200: no database yet — correct the path, or declare the status that it answers; raise STACKSPEC_START_TIMEOUT_MS if it needs longer",
    ],
    "shows the wrong body that it answers": [
      "body",
      `WRONG_ANSWER: ${late}: GET /health answered 200, expected 200 with a body like /ready/: starting up — ${remedy}`,
    ],
    "says so at once when its health check fails": [
      "health",
      "UNHEALTHY: web: expected a healthy container, its health check says unhealthy — its log says more",
    ],
    "names the log line that never comes": [
      "line",
      `LOG_LINE_MISSING: ${late}: the log has not shown /loaded \\d+ rows/ yet — ${remedy}`,
    ],
    "says what its own wait strategy says": [
      "own",
      'LOG_LINE_MISSING: web: Log message "ready" not received after 2000ms — the container\'s own wait strategy gave up',
    ],
    "names a task that takes all the time of the start": [
      "task",
      `START_TIMEOUT: seed: still running after ${TIME_MS} ms, the time for the whole start — ${remedy}`,
    ],
    "names an object of this process whose start does not end": [
      "object",
      `START_TIMEOUT: stub: not ready after ${TIME_MS} ms — the timeline says what took long; or set STACKSPEC_START_TIMEOUT_MS`,
    ],
  };
  for (const [title, [fixture, sentence]] of Object.entries(sentences))
    it(title, () => {
      expect(failures[fixture]!.sentence).to.equal(sentence);
    });

  it("shows its state and what it has logged", () => {
    expect(failures["line"]!.message).to.include("state: running, exit code 0\nlog:\n  | still loading\n");
  });

  it("names those that waited for it", () => {
    for (const fixture of ["port", "status", "health", "line", "own"])
      expect(failures[fixture]!.message, fixture).to.include("\nproxy waits for web: ");
  });

  it("shows how the start went, the failure included", () => {
    for (const fixture of ["port", "health", "task"])
      expect(failures[fixture]!.message, fixture).to.match(/timeline:\n(.*\n)* +\d+ ms {2}(web|seed) failed/);
  });
});

describe("a MySQL server that refuses its user", () => {
  requireEngine();
  it("is given up when it has refused for a while, with its own words", async function () {
    this.timeout(60_000);
    const changed = `ALTER USER 'todo'@'%' IDENTIFIED BY 'another password';`;
    const failure = await failureOf(
      startStack(
        defineStack("sql-refused", (stack) => ({
          db: stack.service(
            "db",
            ({ image }) =>
              new MySqlContainer(image)
                .withUsername("todo")
                .withUserPassword("the declared one")
                .withEnvironment({ MYSQL_INITDB_SKIP_TZINFO: "1" })
                .withCopyContentToContainer([{ content: changed, target: "/docker-entrypoint-initdb.d/change.sql" }]),
            { image: "mysql:9.7", ready: acceptsSql() },
          ),
        })),
      ),
    );
    expect(failure.sentence).to.match(
      /^SQL_REFUSED: db: the server refuses the connection: Access denied for user 'todo'@'.+' \(using password: YES\) — its log says more$/,
    );
    expect(failure.message).not.to.include("the declared one");
    expect(failure.evidence).to.include("ready for connections");
  });
});
