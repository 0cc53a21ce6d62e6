// postgres, PostgresOptions, mysql, mariadb, MySqlOptions, redis, valkey, RedisOptions, rabbitmq, ServerOptions, Told, DataDirectory
import { defineStack } from "stackspec";
import { mariadb, mysql, postgres, rabbitmq, redis, valkey } from "stackspec/drivers";
import { GenericContainer } from "testcontainers";

/** Images that are called, or told, otherwise than the official ones. */
export default defineStack("mirrored", ({ service }) => {
  const of = (name: string) => () => new GenericContainer(`registry.example/${name}`);
  return {
    db: service("db", of("pg"), { driver: postgres({ user: { variable: "DB_OWNER" }, database: "shop" }) }),
    old: service("old", of("my"), { driver: mysql({ rootPassword: { variable: "ROOT" } }) }),
    older: service("older", of("maria"), { driver: mariadb({ data: "/data" }) }),
    cache: service("cache", of("cache"), { driver: redis({ port: 6380 }) }),
    sessions: service("sessions", of("sessions"), { driver: valkey() }),
    queue: service("queue", of("queue"), { driver: rabbitmq({ flags: [] }) }),
  };
});
