import type { GenericContainer, StartedTestContainer } from "testcontainers";
import type { Driver } from "../../../src/stack/driver.ts";

/** A server that holds something, and somebody who works with it. */
export interface Worker {
  /** What the tasks of a stack leave in it. */
  seed(): Promise<void>;
  /** What specs do before a reset, by what that is called. */
  readonly changes: Readonly<Record<string, () => Promise<unknown>>>;
  /** What is done where there is no reset, by what that is called: it leaves what `seed` does. */
  readonly instead: Readonly<Record<string, () => Promise<unknown>>>;
  close(): Promise<unknown>;
}

/** A kind of service that has a driver. */
export interface Kind {
  readonly driver: Driver;
  readonly image: string;
  create(image: string): GenericContainer;
  work(server: StartedTestContainer): Promise<Worker>;
}
