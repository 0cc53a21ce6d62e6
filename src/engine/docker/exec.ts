import type { Duplex, Writable } from "node:stream";
import type Dockerode from "dockerode";

/** A program that runs in a container, with its input and output here. */
export interface Execution {
  /** What it reads; its output too, where it has a terminal. */
  readonly stream: Duplex;
  resize(columns: number, rows: number): Promise<void>;
  /** Resolves when it has ended. */
  readonly exitCode: Promise<number>;
}

/**
 * Runs a program in a container that runs.
 *
 * @param options `tty`: it has a terminal; `output` and `errors`: where what it writes goes to
 */
export async function execute(
  container: Dockerode.Container,
  options: {
    readonly command: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly tty: boolean;
    readonly output: Writable;
    readonly errors: Writable;
  },
): Promise<Execution> {
  const { command, environment, tty, output, errors } = options;
  const exec = await container.exec({
    Cmd: [...command],
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty,
  });
  const stream = await exec.start({ hijack: true, stdin: true, Tty: tty });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  for (const event of ["end", "close", "error"]) stream.once(event, () => resolve());
  if (tty) stream.pipe(output, { end: false });
  else (container.modem as Demultiplexer).demuxStream(stream, output, errors);
  return {
    stream,
    resize: async (w, h) => void (await exec.resize({ w, h })),
    exitCode: ended.then(async () => (await exec.inspect()).ExitCode ?? 1),
  };
}

interface Demultiplexer {
  demuxStream(stream: Duplex, output: Writable, errors: Writable): void;
}
