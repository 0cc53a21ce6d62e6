import type { ErrorCode } from "../errors.ts";

/** What each code of an error means, and what helps: `stackspec explain`, and the table in docs/errors.md. */
export const EXPLANATIONS: Readonly<Record<ErrorCode, { readonly cause: string; readonly remedy: string }>> = {
  USAGE: {
    cause: "a setting, a declaration or a command is not as expected",
    remedy: "the message says what was expected",
  },
  ENGINE_UNREACHABLE: { cause: "no Docker-compatible engine answers", remedy: "start one, or set `DOCKER_HOST`" },
  ENGINE_LOST: {
    cause: "the engine stopped answering in the middle of the run",
    remedy: "the engine's own log; this machine's memory",
  },
  ENGINE_REFUSED: {
    cause: "the engine refuses a call that every engine should answer, or answers it otherwise",
    remedy: "its words, the call, and the engine's version are in the error; the engine's own log",
  },
  INSTALL_FAILED: { cause: "a Debian package that is needed cannot be installed", remedy: "install it by hand" },
  IMAGE_NOT_FOUND: { cause: "the registry has no image of that name", remedy: "check name and tag" },
  IMAGE_BUILD_FAILED: {
    cause: "a Dockerfile, or the artefact that it copies, does not build",
    remedy: "the failing step's output is in the error",
  },
  REGISTRY_UNREACHABLE: {
    cause: "no answer from the image's registry, and no substitute for it",
    remedy: "look at network and proxy; a private registry's prefix is `TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX`",
  },
  REGISTRY_DENIED: {
    cause: "the registry refuses these credentials",
    remedy: "`docker login`; Docker Hub says so of missing images too",
  },
  FILE_MISSING: { cause: "a file to copy or to mount does not exist", remedy: "correct the path in the declaration" },
  VOLUME_MISSING: {
    cause: "a named volume that was not declared does not exist",
    remedy: "create it, or declare it with `stack.volume()`",
  },
  PORT_TAKEN: { cause: "a fixed host port is in use", remedy: "free it, or let the engine choose" },
  NETWORK_EXHAUSTED: {
    cause: "the engine has no addresses left for a network, and other stacks gave none back in 15 s",
    remedy: "`stackspec clean`, or `docker network prune`",
  },
  CREATE_FAILED: {
    cause: "the engine refuses the container or network for another reason",
    remedy: "its words are in the error",
  },
  CONTAINER_EXITED: {
    cause: "a service exited before it was ready",
    remedy: "its log, in the error and in `reports/logs/`",
  },
  OUT_OF_MEMORY: { cause: "it was killed for memory", remedy: "raise `withResourcesQuota()`" },
  HOST_UNKNOWN: {
    cause: "a service or the target is at a name that has not resolved for ten seconds",
    remedy: "correct the address, or look at this machine's name servers",
  },
  HOST_UNREACHABLE: {
    cause: "for ten seconds there was no route to the host of a service or of the target",
    remedy: "correct the address, or look at network and VPN",
  },
  NOT_LISTENING: {
    cause: "its port never accepted a connection; what it listens on instead is said",
    remedy: "does it listen on 0.0.0.0, and on that port?",
  },
  WRONG_ANSWER: { cause: "its HTTP probe got another status or body", remedy: "the last answer is in the error" },
  REQUEST_REFUSED: {
    cause:
      "its HTTP probe got the same 4xx, which is not the declared status, for a quarter of the time for the whole start, and no other answer before",
    remedy:
      "correct the path of the probe, or declare the status: `answers(path, { status })`; of 408, 425 and 429 the whole time is waited",
  },
  UNHEALTHY: { cause: "its health check failed", remedy: "its log; run the check by hand, with `docker exec`" },
  LOG_LINE_MISSING: {
    cause: "the line that was waited for never came",
    remedy: "its log, and the pattern that the probe looks for",
  },
  SQL_REFUSED: {
    cause: "the server runs and refuses user, password or database",
    remedy: "compare them with the environment",
  },
  NOT_READY: {
    cause: "another wait strategy gave up, or Redis, Valkey or RabbitMQ does not let in whom its declaration says",
    remedy: "the strategy's or the server's own words are in the error",
  },
  TASK_FAILED: {
    cause: "a task exited with another code than 0",
    remedy: "its log, in the error and in `reports/logs/`",
  },
  TASK_TIMEOUT: {
    cause: "a task ran longer than its `timeoutMs`",
    remedy: "its log; where it only needs longer, raise `timeoutMs`",
  },
  START_TIMEOUT: {
    cause: "the whole start took too long",
    remedy: "the timeline in the error says who waited for whom; where all is well, raise `STACKSPEC_START_TIMEOUT_MS`",
  },
  POLL_TIMEOUT: {
    cause: "what `eventually` waits for did not become true",
    remedy: "what was seen last is in the error; its `timeoutMs`",
  },
  BROWSER_FAILED: { cause: "Chromium does not start", remedy: "its own words are in the error" },
  PAGE_FAILED: {
    cause: "a page threw, wrote an error to its console, or got no answer, or an error, to a request",
    remedy: "mend the page; what it may do is told by `useBrowser({ ignore: [/…/] })`",
  },
  SERVICE_DIED: {
    cause: "a service was ready and exited while specs ran",
    remedy: "its log, in the error and in `reports/logs/`; every later spec says the same",
  },
  CANCELLED: {
    cause: "the run was ended while this was starting",
    remedy: "run it again; where another service failed, its error stands first",
  },
  SNAPSHOT_FAILED: {
    cause:
      "the data of a service could not be copied for later starts: its image has no shell, a PostgreSQL table is UNLOGGED, a queue of RabbitMQ is not durable",
    remedy: "nothing fails for it; without a snapshot each start initialises the service",
  },
  RESET_FAILED: {
    cause:
      "a database or volume could not be brought back: a spec's open transaction holds a lock, or a file was changed in a volume of more than 64 MiB",
    remedy: 'end the transaction; a stack of its own: `useStack(stack, { scope: "suite" })`',
  },
  FAULT_IMPOSSIBLE: {
    cause: "what a spec wants to make fail cannot be made to, by this service's declaration or on this engine",
    remedy: "the message says why; [docs/faults.md](faults.md) has what each fault needs",
  },
  FAULT_FAILED: {
    cause: "a service that a spec has made fail does not come up again",
    remedy: "its log; every later spec says the same",
  },
  RELEASE_FAILED: { cause: "something could not be stopped or removed", remedy: "`stackspec clean`" },
};
