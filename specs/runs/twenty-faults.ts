import { STACK_FAULTS } from "./twenty-stack-faults.ts";
import type { Fault } from "./twenty-stack-faults.ts";

/** Of the application. */
const APPLICATION: readonly Fault[] = [
  {
    fault: "an application that listens on one interface only",
    suite: "one interface only",
    cause: ["NOT_LISTENING", "it listens on 127.0.0.1:8000 only, 0.0.0.0:8000 was expected"],
    service: "app",
    line: ["app", "the shop listens on 127.0.0.1:8000"],
  },
  {
    fault: "an application that listens on another port",
    suite: "another port",
    cause: ["WRONG_ANSWER", "it listens on 0.0.0.0:9000 only, 0.0.0.0:8000 was expected"],
    service: "app",
    line: ["app", "the shop listens on 0.0.0.0:9000"],
  },
  {
    fault: "an application that exits with a stack trace",
    suite: "a stack trace",
    cause: ["CONTAINER_EXITED", "TypeError: Cannot read properties of null"],
    service: "app",
    line: ["app", "at priceOf (file:///shop/app.mjs:"],
  },
  {
    fault: "a variable that is not set",
    suite: "a missing variable",
    cause: ["CONTAINER_EXITED", "PAYMENT_KEY is not set"],
    service: "app",
    line: ["app", "Error: PAYMENT_KEY is not set"],
  },
  {
    fault: "an application that is never healthy",
    suite: "a health of 500",
    cause: ["WRONG_ANSWER", "GET /health answered 500, expected 200", "no queue"],
    service: "app",
    line: ["app", "ERROR: the queue cannot be reached"],
  },
  {
    fault: "a service that exits under a spec",
    suite: "a service",
    spec: "exits while it is asked",
    cause: ["SERVICE_DIED", "was ready and has exited since, with code 3"],
    service: "app",
    line: ["app", "FATAL: the licence has expired"],
  },
  {
    fault: "a service that is killed for memory under a spec",
    suite: "a service with little memory",
    spec: "is killed while it is asked",
    cause: ["SERVICE_DIED", "killed for memory"],
    service: "app",
    line: ["app", "reading the whole catalogue into memory"],
  },
  {
    fault: "a request that is not answered",
    suite: "a shop",
    spec: "gets no answer",
    cause: ["no answer within 500 ms", "POST /payments to app"],
    service: "app",
    line: ["app", "waiting for the bank at bank.example:443"],
  },
  {
    fault: "an answer that breaks off",
    suite: "a shop",
    spec: "gets half an answer",
    cause: ["GET /invoice to app", "the answer was aborted, for its connection was closed in the middle"],
    service: "app",
    line: ["app", "ERROR: the printer is out of paper"],
  },
  {
    fault: "a lock that is waited for",
    suite: "a shop",
    spec: "meets a lock",
    cause: ["no answer within 1500 ms", "POST /orders to app"],
    service: "app",
    line: ["db", "still waiting for RowExclusiveLock"],
  },
  {
    fault: "a connection to the database that is lost under a spec",
    suite: "a shop",
    spec: "loses the database",
    cause: ["expected 500 to equal 200", "GET /statistics to app"],
    service: "app",
    line: ["db", "FATAL:  terminating connection due to administrator command"],
  },
];

/** Of the specs. */
const SPECS: readonly Fault[] = [
  {
    fault: "a status that is not the expected one",
    suite: "a shop",
    spec: "expects another status",
    cause: ["expected 500 to equal 201", "POST /orders to app", "The spec expected 201."],
    service: "app",
    line: ["db", 'ERROR:  duplicate key value violates unique constraint "orders_pkey"'],
  },
  {
    fault: "a body that is not the expected one",
    suite: "a shop",
    spec: "expects another body",
    cause: ['-   "title": "dog lead"', '+   "title": "DOG LEAD"', "POST /orders to app"],
    service: "app",
    line: ["app", "POST /orders"],
  },
  {
    fault: "a rejection that nobody waits for",
    suite: "a shop",
    spec: "forgets an await",
    cause: ["the order was answered with 500", "POST /orders to app"],
    service: "app",
    line: ["app", "ERROR: duplicate key value violates unique constraint"],
  },
  {
    fault: "a hook that throws",
    suite: "a hook",
    cause: ["the first order was answered with 404", "POST /order to app", "no route for POST /order"],
    service: "app",
    line: ["app", "POST /order"],
  },
];

export const FAULTS: readonly Fault[] = [...STACK_FAULTS, ...APPLICATION, ...SPECS];
