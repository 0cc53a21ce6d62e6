import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import type { ErrorCode } from "../../errors.ts";
import { demultiplexed } from "../docker/log-lines.ts";

/** How long the container may take to say it, in milliseconds: who asks has waited long. */
const ANSWERS_WITHIN_MS = 2_000;
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
  const heard = (hasAnswered || container === undefined ? undefined : await addressesOf(container)) ?? [];
  if (heard.length === 0) return lastAnswer === undefined ? "" : `: ${lastAnswer}`;
  return `: it listens on ${heard.join(", ")} only, ${expected.map((port) => `0.0.0.0:${port}`).join(", ")} was expected`;
}

/** What a container listens on; undefined where nobody can say, as in one without `cat`. */
export async function addressesOf(container: Dockerode.Container): Promise<string[] | undefined> {
  const ask = async (): Promise<string[] | undefined> => {
    const exec = await container.exec({ Cmd: ["cat", "/proc/net/tcp", "/proc/net/tcp6"], AttachStdout: true });
    const tables = await text(demultiplexed(await exec.start({})));
    // They have a line of titles, also when they are empty.
    return tables.includes("local_address") ? listening(tables) : undefined;
  };
  return Promise.race([ask().catch(() => undefined), sleep(ANSWERS_WITHIN_MS, undefined, { ref: false })]);
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
