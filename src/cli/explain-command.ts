import type { ErrorCode } from "../errors.ts";
import { usageError } from "../errors.ts";
import { say } from "../terminal.ts";
import type { Given } from "./command.ts";
import { EXPLANATIONS } from "./explanations.ts";

/** `stackspec explain`. @throws StackspecError `USAGE` for what is no code */
export function explain({ words: [word = ""] }: Given): void {
  const code = word.toUpperCase();
  if (!isCode(code))
    throw usageError("stackspec explain", `expected one of ${Object.keys(EXPLANATIONS).join(", ")}, got "${word}"`);
  const { cause, remedy } = EXPLANATIONS[code];
  say(`${code}\n  cause   ${cause}\n  remedy  ${remedy}`);
}

function isCode(word: string): word is ErrorCode {
  return Object.hasOwn(EXPLANATIONS, word);
}
