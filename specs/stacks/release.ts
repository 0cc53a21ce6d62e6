import { MySqlContainer } from "@testcontainers/mysql";
import { acceptsSql, answers, defineStack, imageFrom, secret } from "stackspec";
import type { FactoryContext } from "stackspec";
import { GenericContainer } from "testcontainers";

/** The environment, where an empty variable is how CI systems say "not set". */
const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ""));
const { APP_IMAGE, APP_MIGRATE = "migrate", APP_COLLECTSTATIC = "collectstatic", APP_SERVE = "serve" } = given;
const { MYSQL_PASSWORD, MYSQL_ROOT_PASSWORD } = given;

const webrootPath = "/var/www/todobackend";
const mysql = {
  name: "todobackend",
  user: "todo",
  password: MYSQL_PASSWORD ?? secret("release.db.password"),
  rootPassword: MYSQL_ROOT_PASSWORD ?? secret("release.db.root"),
};

/** Any todobackend image takes the reference app's place; its commands are settings too. */
const appImage =
  APP_IMAGE ??
  imageFrom("todobackend", "containers/app", {
    inputs: ["containers/app", "package-lock.json"],
    artefact: ["npm", "run", "build", "--workspace", "todobackend"],
  });

/** What decides what a task of the reference app does, whatever else of the app is edited; of another image nothing is known. */
const inputs = (...folders: string[]) =>
  APP_IMAGE === undefined ? { inputs: folders.map((folder) => `containers/app/${folder}`) } : {};

/**
 * The stack as production has it: nginx before the app on a unix socket, MySQL behind.
 *
 * @param durable the database keeps what it has acknowledged when it is killed, as in production
 */
export const releaseStack = (name: string, { durable = false } = {}) =>
  defineStack(name, (stack) => {
    const webroot = stack.volume("webroot");
    const app = {
      image: appImage,
      mounts: [webroot.at(webrootPath)],
      sandbox: {},
    };
    const run = ({ image, database }: FactoryContext, command: string) =>
      new GenericContainer(image).withCommand(command.split(" ")).withEnvironment({
        MYSQL_HOST: "db",
        MYSQL_DATABASE: database(mysql.name),
        MYSQL_USER: mysql.user,
        MYSQL_PASSWORD: mysql.password,
        STATIC_ROOT: webrootPath,
        SOCKET_PATH: `${webrootPath}/app.sock`,
      });

    const db = stack.service(
      "db",
      ({ image, database }) =>
        new MySqlContainer(image)
          .withDatabase(database(mysql.name))
          .withUsername(mysql.user)
          .withUserPassword(mysql.password)
          .withRootPassword(mysql.rootPassword)
          // The user mysql of the image, so that nothing runs as root.
          .withUser("999:999"),
      {
        image: "mysql:9.7",
        sandbox: { writable: ["/tmp", "/var/run/mysqld"] },
        ready: acceptsSql(),
        shared: true,
        durable,
      },
    );
    const collectstatic = stack.task("collectstatic", (context) => run(context, APP_COLLECTSTATIC), {
      ...app,
      ...inputs("static", "client"),
    });
    const migrate = stack.task("migrate", (context) => run(context, APP_MIGRATE), {
      ...app,
      after: [db],
      ...inputs("migrations"),
    });
    const server = stack.service("app", (context) => run(context, APP_SERVE), {
      ...app,
      after: [migrate, collectstatic],
      stopTimeoutMs: 10_000,
    });
    const target = stack.service("nginx", ({ image }) => new GenericContainer(image), {
      image: imageFrom("todobackend-nginx", "containers/nginx"),
      mounts: [webroot.at(webrootPath, "ro")],
      sandbox: { writable: ["/tmp"] },
      after: [server],
      http: { port: 8000 },
      ready: answers("/todos"),
    });
    return { db, migrate, collectstatic, app: server, webroot, target };
  });

export default releaseStack("release");
