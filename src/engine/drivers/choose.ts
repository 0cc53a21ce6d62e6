import type { GenericContainer } from "testcontainers";
import type { Service } from "../../stack/stack.ts";
import { classNamesOf } from "../container/internals.ts";
import type { Driver } from "./driver.ts";
import { mariadb } from "./mariadb.ts";
import { mysql } from "./mysql/mysql.ts";
import { postgres } from "./postgres/postgres.ts";
import { rabbitmq } from "./rabbitmq/rabbitmq.ts";
import { redis, valkey } from "./redis/redis.ts";

const DRIVERS: readonly Driver[] = [mysql, mariadb, postgres, redis, valkey, rabbitmq];

/**
 * What is known of a service: by the class of its Testcontainers module, or one that it is a subclass of; else by the name
 * of the image that it declares, whatever registry that comes from.
 */
export function driverOf({ options: { image } }: Service, container: GenericContainer): Driver | undefined {
  const byClass = classNamesOf(container).map((name) => DRIVERS.find(({ modules }) => modules.includes(name)));
  return (
    byClass.find((driver) => driver !== undefined) ??
    DRIVERS.find(({ images }) => typeof image === "string" && images.includes(repositoryOf(image)))
  );
}

/** "registry.example:5000/library/mysql:9.7@sha256:…" is of the repository "mysql". */
function repositoryOf(image: string): string {
  return image.replace(/@.*$/, "").split("/").at(-1)!.replace(/:.*$/, "");
}
