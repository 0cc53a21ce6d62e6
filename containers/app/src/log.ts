/** What a line may carry beside its message. An `error` is written with its stack and its causes. */
export type Fields = Readonly<Record<string, unknown>>;

/** One JSON object per line. */
export type Log = Readonly<{
  info(msg: string, fields?: Fields): void;
  error(msg: string, fields?: Fields): void;
}>;

/** A log that writes its lines to standard output, or wherever `write` puts them. */
export function createLog(write: (line: string) => unknown = (line) => process.stdout.write(line)): Log {
  const at =
    (level: string) =>
    (msg: string, fields: Fields = {}) => {
      write(`${JSON.stringify({ time: new Date().toISOString(), level, msg, ...fields }, errors)}\n`);
    };
  return { info: at("info"), error: at("error") };
}

/** Says nothing. */
export const silent: Log = { info() {}, error() {} };

/** Names the few fields of an error to write: a driver also hangs the SQL with its values on it, which is not ours to log. */
function errors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { stack, cause } = value;
  return { message: value.message, ...("code" in value && { code: value.code }), stack, cause };
}
