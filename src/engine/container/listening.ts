import { text } from "node:stream/consumers";
import type Dockerode from "dockerode";
import type { ErrorCode } from "../../errors.ts";
import { demultiplexed } from "../docker/log-lines.ts";

/** How long the engine may take to say it, in milliseconds: longer than for other evidence, for a process is started for it. */
const ANSWERS_WITHIN_MS = 5_000;
/** The engine's own server of names, which each container on a network of its own has. */
const NAMES = "127.0.0.11";
/** A socket that listens, and the parts of its address: https://docs.kernel.org/networking/proc_net_tcp.html */
const LISTENS = /^ *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:0000 0A /gm;

/**
 * Why a service is late: where it listens on other addresses than those that were expected, these; else what it last answered.
 *
 * @param expected the container's ports
 * @returns ": " and that; "" when nothing is known
 */
export async function whyLate(
  code: ErrorCode | undefined,
  container: Dockerode.Container | undefined,
  expected: readonly number[],
  lastAnswer: string | undefined,
): Promise<string> {
  const hasAnswered = code !== "NOT_LISTENING" && !(code === "WRONG_ANSWER" && !/ answered \d/.test(lastAnswer ?? ""));
  const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  const heard = (hasAnswered || container === undefined ? undefined : await addressesOf(container, signal)) ?? [];
  if (heard.length > 0)
    return `: it listens on ${heard.join(", ")} only, ${expected.map((port) => `0.0.0.0:${port}`).join(", ")} was expected`;
  const unheard = `the engine has not said within ${ANSWERS_WITHIN_MS} ms where it listens`;
  const known = [lastAnswer, signal.aborted ? unheard : undefined].filter((each) => each !== undefined);
  return known.length === 0 ? "" : `: ${known.join(", and ")}`;
}

/** What a container listens on; undefined where nobody can say, as in one without `cat`, or an engine that takes too long. */
export async function addressesOf(
  container: Dockerode.Container,
  abortSignal = AbortSignal.timeout(ANSWERS_WITHIN_MS),
): Promise<string[] | undefined> {
  const Cmd = ["cat", "/proc/net/tcp", "/proc/net/tcp6"];
  try {
    const exec = await container.exec({ Cmd, AttachStdout: true, abortSignal });
    const tables = await text(demultiplexed(await exec.start({ abortSignal })));
    // They have a line of titles, also when they are empty.
    return tables.includes("local_address") ? listening(tables) : undefined;
  } catch {
    return undefined;
  }
}

/** The addresses in the kernel's tables of TCP sockets that listen, as `127.0.0.1:8000` and `[::1]:8000`. */
export function listening(tables: string): string[] {
  const found = [...tables.matchAll(LISTENS)].map(([, address = "", port = ""]) => ({
    host: address.length === 8 ? ipv4(address) : `[${ipv6(address)}]`,
    port: Number.parseInt(port, 16),
  }));
  return [...new Set(found.filter(({ host }) => host !== NAMES).map(({ host, port }) => `${host}:${port}`))];
}

/** In the order of the bytes of the machine: little-endian, as all that containers run on. */
function ipv4(hex: string): string {
  return hex
    .match(/../g)!
    .toReversed()
    .map((byte) => Number.parseInt(byte, 16))
    .join(".");
}

function ipv6(hex: string): string {
  const words = hex.match(/.{8}/g)!.map((word) => word.match(/../g)!.toReversed().join(""));
  const groups = words.flatMap((word) => word.match(/.{4}/g)!).map((group) => Number.parseInt(group, 16).toString(16));
  return groups.join(":").replace(/(?:^|:)0(?::0)+(?::|$)/, "::");
}
