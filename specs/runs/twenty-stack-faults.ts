/** A fault of the project in `fixtures/twenty`, and what its HTML report is to show of it. */
export interface Fault {
  readonly fault: string;
  /** The title of the suite, and that of the spec or hook that fails. */
  readonly suite: string;
  readonly spec?: string;
  /** What is wrong, in words that stand in the report. */
  readonly cause: readonly string[];
  /** The service or task that it is about. */
  readonly service: string;
  /** What a service has written of it, and which; undefined where no container came to that. */
  readonly line?: readonly [service: string, text: string];
}

/** Faults of the stack. */
export const STACK_FAULTS: readonly Fault[] = [
  {
    fault: "a wrong password of the database",
    suite: "a wrong password",
    cause: ["CONTAINER_EXITED", 'password authentication failed for user "shop"'],
    service: "app",
    line: ["db", 'FATAL:  password authentication failed for user "shop"'],
  },
  {
    fault: "a wrong name of the database's host",
    suite: "a wrong host",
    cause: ["CONTAINER_EXITED", "getaddrinfo ENOTFOUND database"],
    service: "app",
    line: ["app", "getaddrinfo ENOTFOUND database"],
  },
  {
    fault: "a mistyped image",
    suite: "a mistyped image",
    cause: ["postgrs:18", "app waits for migrate waits for db: "],
    service: "db",
  },
  {
    fault: "a migration with an error in its SQL",
    suite: "a migration that fails",
    cause: ["TASK_FAILED", 'syntax error at or near "order"'],
    service: "migrate",
    line: ["migrate", 'ERROR:  syntax error at or near "order"'],
  },
  {
    fault: "a full disk below the data directory",
    suite: "a full disk",
    cause: ["CONTAINER_EXITED", "No space left on device"],
    service: "db",
    line: ["db", "No space left on device"],
  },
  {
    fault: "a probe for a route that does not exist",
    suite: "a route that is missing",
    cause: ["REQUEST_REFUSED", "GET /status answered 404, expected 200"],
    service: "app",
    line: ["app", "GET /status"],
  },
  {
    fault: "a limit of memory that is too low",
    suite: "too little memory",
    cause: ["OUT_OF_MEMORY", "was killed for memory"],
    service: "app",
    line: ["app", "reading the whole catalogue into memory"],
  },
  {
    fault: "a folder that is mounted for reading only",
    suite: "a read-only folder",
    cause: ["CONTAINER_EXITED", "EROFS: read-only file system"],
    service: "app",
    line: ["app", "EROFS: read-only file system, open '/var/shop/pid'"],
  },
  {
    fault: "a volume that does not exist",
    suite: "a volume that is missing",
    cause: ["VOLUME_MISSING", "shop-of-nobody"],
    service: "app",
  },
  {
    fault: "a file to copy that does not exist",
    suite: "a file that is missing",
    cause: ["FILE_MISSING", "/no/such/settings.json"],
    service: "app",
  },
  {
    fault: "a task that never ends",
    suite: "a task without an end",
    cause: ["TASK_TIMEOUT", "still running after 1500 ms"],
    service: "seed",
    line: ["seed", "waiting for the lock of another seed"],
  },
  {
    fault: "a target whose seed fails",
    suite: "the orders",
    cause: ["TASK_FAILED", 'relation "orders" does not exist'],
    service: "migrate",
    line: ["db", 'ERROR:  relation "orders" does not exist'],
  },
  {
    fault: "a dependency on what was not declared",
    suite: "declares",
    spec: "the run reaches its first spec",
    cause: ["USAGE", 'service "app"', "expected services and tasks of this stack that are declared above"],
    service: "app",
  },
];
