import { homedir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Where stackspec keeps what is this user's on this machine. An empty or relative `HOME`, as some CI systems have it,
 * would mean the working directory: then the user's entry in the system's list counts.
 */
export function cacheFolder(): string {
  const home = homedir();
  return join(isAbsolute(home) ? home : userInfo().homedir, ".cache", "stackspec");
}
