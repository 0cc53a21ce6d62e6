export { defineDriver, mariadb, mysql, postgres, rabbitmq, redis, valkey } from "./declared.ts";
export type { MySqlOptions, PostgresOptions, RedisOptions, ServerOptions } from "./declared.ts";
export type { Asked, DataDirectory, Driver, Prompt, Server, ServiceAddress, Told } from "../../stack/driver.ts";
export { Refusal } from "../container/asking.ts";
