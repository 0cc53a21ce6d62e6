import type { Asked, ServiceAddress } from "../../../stack/driver.ts";

/** The password of the user "default", where it is known without a look into the container: the driver's option, or the command's. */
export function passwordIn({ command, environment }: Asked): string | undefined {
  if (environment["STACKSPEC_PASSWORD"] !== undefined) return environment["STACKSPEC_PASSWORD"];
  const words = wordsOf({ command, environment });
  const told = words.map((word, at) =>
    word === "--requirepass" ? words[at + 1] : valueOf(/(?:^|\s)--requirepass/, word),
  );
  // As a shell in the container would have it.
  return told
    .findLast((word) => word !== undefined)
    ?.replace(/^\$\{?(\w+)\}?$/, (_, name: string) => environment[name] ?? "");
}

/** The same, or what the configuration file says that the command names; "" where none does. */
export async function passwordOf(address: ServiceAddress): Promise<string> {
  const password = passwordIn(address);
  const file = wordsOf(address).find((word) => word.endsWith(".conf"));
  if (password !== undefined || file === undefined) return password ?? "";
  const { output } = await address.exec(["cat", file]);
  return valueOf(/^[ \t]*requirepass/m, output) ?? /^user\s+default\s[^\n]*>(\S+)/m.exec(output)?.[1] ?? "";
}

function wordsOf({ command, environment }: Pick<Asked, "command" | "environment">): string[] {
  const { VALKEY_EXTRA_FLAGS = "", REDIS_ARGS = "" } = environment;
  return [...command, VALKEY_EXTRA_FLAGS, REDIS_ARGS];
}

/** The word after a setting, without its quotes. */
function valueOf(setting: RegExp, text: string): string | undefined {
  const value = /(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+))/.source;
  const [, quoted, single, plain] = new RegExp(`${setting.source}[\\s=]+${value}`, setting.flags).exec(text) ?? [];
  return quoted?.replaceAll(/\\(.)/g, "$1") ?? single ?? plain;
}
