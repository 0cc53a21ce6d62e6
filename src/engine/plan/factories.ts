import { StackspecError } from "../../errors.ts";
import type { Node, Service } from "../../stack/stack.ts";
import { runForTests } from "../drivers/data.ts";
import { DATABASES_EACH, firstDatabase } from "../drivers/worker-suffix.ts";
import { startFailure } from "../container/failure.ts";
import { isContainer } from "../container/internals.ts";
import { HOST_NAME, addressWithin } from "../../stack/external.ts";
import { externalService } from "./external.ts";
import type { StackRun } from "./stack-run.ts";

/** Calls the factories of a stack, each once. */
export interface Factories {
  /** What a node's factory makes; undefined for a task that has done its work in this process. */
  create(node: Node): Promise<unknown>;
  /**
   * Calls all of them, but for tasks without an image: their factory is taken for the work itself.
   *
   * @returns what they made, but for those that wait for another's started value
   */
  createAll(): Promise<ReadonlyMap<Node, unknown>>;
  /** One of them has asked what a database is called. */
  readonly isDatabaseAsked: boolean;
  /** Calls a service's factory again, for another image; from now on that is what it has made. */
  recreate(service: Service, image: string): Promise<unknown>;
}

/**
 * The factories of the stack of `run`.
 *
 * @param databaseSuffix what the names of its databases end with: "" unless parallel workers share the server
 */
export function stackFactories(run: StackRun, databaseSuffix: string): Factories {
  const { stack, context, signal } = run;
  const created = new Map<Node, Promise<unknown>>();
  let isDatabaseAsked = false;

  async function call(node: Node, image: string, onWait: () => void): Promise<unknown> {
    const started = <S>(service: Service<S>): Promise<S> => {
      onWait();
      return run.valueOf(service) as Promise<S>;
    };
    let usesHost = false;
    const url = (service: Service): string => {
      const { url: address, onHost } = addressWithin(service);
      usesHost ||= onHost;
      return address;
    };
    function database(name: string): string;
    function database(number: number): number;
    function database(asked: string | number): string | number {
      isDatabaseAsked = true;
      return typeof asked === "string" ? `${asked}${databaseSuffix}` : databaseNumber(asked, node, databaseSuffix);
    }
    if (node.kind === "service" && node.options.external !== undefined) return externalService(node, signal);
    const make = async () => node.create({ image, started, url, database });
    const value = await make().catch((error: unknown) => {
      throw error instanceof StackspecError || signal.aborted ? error : startFailure(node, error);
    });
    if (usesHost && isContainer(value)) value.withExtraHosts([{ host: HOST_NAME, ipAddress: "host-gateway" }]);
    if (node.kind === "service" && isContainer(value)) runForTests(node, value);
    return value;
  }

  function create(node: Node, onWait = (): void => {}): Promise<unknown> {
    const { image } = node.options;
    const value =
      created.get(node) ??
      (image === undefined
        ? call(node, "", onWait)
        : context.resolveImage(image).then(({ reference }) => call(node, reference, onWait)));
    value.catch(() => {});
    created.set(node, value);
    return value;
  }

  return {
    get isDatabaseAsked() {
      return isDatabaseAsked;
    },
    create: (node) => create(node),
    async createAll() {
      const made = new Map<Node, unknown>();
      const answers = stack.nodes.map((node) => {
        if (node.kind === "task" && node.options.image === undefined) return Promise.resolve(made.set(node, undefined));
        const waiting = Promise.withResolvers<void>();
        return Promise.race([create(node, waiting.resolve).then((value) => made.set(node, value)), waiting.promise]);
      });
      await Promise.all(answers);
      return made;
    },
    recreate(service, image) {
      const value = call(service, image, () => {});
      created.set(service, value);
      return value;
    },
  };
}

function databaseNumber(number: number, { name }: Node, suffix: string): number {
  if (Number.isInteger(number) && number >= 0 && number < DATABASES_EACH) return firstDatabase(suffix) + number;
  throw new StackspecError(
    "USAGE",
    `database() expects a name, or a number from 0 to ${DATABASES_EACH - 1}, got ${number}`,
    {
      subject: name,
    },
  );
}
