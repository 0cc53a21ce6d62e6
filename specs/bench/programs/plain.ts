/** The same stack with Testcontainers alone, as its documentation shows it: one after the other, with its own waits. */
import { MySqlContainer } from "@testcontainers/mysql";
import { GenericContainer, Network, Wait } from "testcontainers";
import type { StartedTestContainer } from "testcontainers";
import { mark, untilAnswers } from "./tell.ts";

const { mysql, app, nginx, labels, volume } = JSON.parse(process.argv[2]!) as {
  mysql: string;
  app: string;
  nginx: string;
  labels: Record<string, string>;
  volume: string;
};
const { MYSQL_PASSWORD = "", MYSQL_ROOT_PASSWORD = "" } = process.env;
const webroot = "/var/www/todobackend";

mark("called");
const network = await new Network().start();
const db = await new MySqlContainer(mysql)
  .withDatabase("todobackend")
  .withUsername("todo")
  .withUserPassword(MYSQL_PASSWORD)
  .withRootPassword(MYSQL_ROOT_PASSWORD)
  .withNetwork(network)
  .withNetworkAliases("db")
  .withLabels(labels)
  .start();

const command = (name: string): GenericContainer =>
  new GenericContainer(app)
    .withCommand([name])
    .withEnvironment({
      MYSQL_HOST: "db",
      MYSQL_DATABASE: "todobackend",
      MYSQL_USER: "todo",
      MYSQL_PASSWORD,
      STATIC_ROOT: webroot,
      SOCKET_PATH: `${webroot}/app.sock`,
    })
    .withNetwork(network)
    .withBindMounts([{ source: volume, target: webroot }])
    .withLabels(labels);
const collectstatic = await command("collectstatic").withWaitStrategy(Wait.forOneShotStartup()).start();
const migrate = await command("migrate").withWaitStrategy(Wait.forOneShotStartup()).start();
const server = await command("serve").withNetworkAliases("app").start();
const proxy = await new GenericContainer(nginx)
  .withExposedPorts(8000)
  .withNetwork(network)
  .withBindMounts([{ source: volume, target: webroot, mode: "ro" }])
  .withLabels(labels)
  .start();
await untilAnswers(`http://${proxy.getHost()}:${proxy.getMappedPort(8000)}/todos`);
mark("ready");

for (const started of [proxy, server, migrate, collectstatic, db] as StartedTestContainer[]) await started.stop();
await network.stop();
mark("gone");
process.exit();
