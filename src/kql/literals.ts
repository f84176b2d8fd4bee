/** Writes values as KQL literals: the only way for text from outside into a query, besides checked identifiers. */
import { Failure } from "../contract/failure.ts";
import { refusal } from "../contract/refusal.ts";

export const TEXT_RULE = "text without NUL and without half surrogate pairs";

/**
 * Beside quote and backslash: whatever breaks a line, is not visible or turns the direction of text. Raw line breaks end
 * a literal, and the rest would let a query look different from what it is.
 */
const ESCAPED = /[\\']|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** By UTF-16 unit: Microsoft's parser accepts `\UXXXXXXXX` but does not decode it. */
function escapeCharacter(character: string): string {
  if (character === "\\" || character === "'") return `\\${character}`;
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

/** Whether text can be a literal: the service takes neither NUL nor half of a surrogate pair. */
export function isWritable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** Text as a single-quoted literal (`defender-api.md` 4.4). Throws `invalid_input` for what `isWritable` refuses. */
export function stringLiteral(text: string): string {
  if (!isWritable(text)) {
    throw new Failure("invalid_input", refusal(text, TEXT_RULE));
  }
  return `'${text.replaceAll(ESCAPED, escapeCharacter)}'`;
}

/** A moment as a literal, in UTC, to the millisecond. */
export function datetimeLiteral(moment: Date): string {
  return `datetime(${moment.toISOString()})`;
}
