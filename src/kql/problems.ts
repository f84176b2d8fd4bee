/** What Microsoft's parser says of a query, put into the words and the lines of its author. */
import { Failure } from "../contract/failure.ts";
import type { QueryProblem } from "../contract/ports.ts";
import { place } from "./tokens.ts";

/** The part of a query that a person wrote: `length` characters from `from` on in `text`, at `at` in the query. */
export interface OwnText {
  text: string;
  from: number;
  at: number;
  length: number;
}

/** More than these tell nothing new. */
const MOST_WARNINGS = 5;
const NOT_CHECKED = "The query was not checked before it was sent: Microsoft's parser gave no answer.";

/**
 * The warnings that follow. Throws `invalid_query`, with the place and a picture of it, for what is no KQL, unless
 * `mode` is `warn`. What the bundled schema does not have may exist in the tenant, so it never stops a query.
 */
export function judge(problems: readonly QueryProblem[] | null, own: OwnText, mode: "on" | "warn"): string[] {
  if (problems === null) return [NOT_CHECKED];
  const fault = problems.find(({ kind }) => kind === "syntax");
  if (fault !== undefined) {
    const offset = toOwn(fault.start, own);
    const sentence = `${place(own.text, offset)}: ${fault.message}`;
    if (mode === "warn") return [`Microsoft's parser rejects the query at ${sentence}`];
    throw new Failure("invalid_query", `the query is no KQL at ${sentence}\n${picture(own.text, offset)}`, {
      hint: "Nothing was sent. PREFLIGHT=warn on the worker sends such a query all the same.",
    });
  }
  const sentences = problems.map(
    ({ message, start }) => `${message} (${place(own.text, toOwn(start, own))})`,
  );
  return [...new Set(sentences)].slice(0, MOST_WARNINGS).map((one) => `Microsoft's schema: ${one}`);
}

/** What goes wrong behind the text is the fault of its end. */
function toOwn(start: number, { from, at, length }: OwnText): number {
  return from + Math.min(Math.max(start - at, 0), length);
}

const BESIDE = 60;
const LINE_BREAK = /[\r\n\u2028\u2029]/;

/** The line with a caret under the place; of a long line only what is around it. */
function picture(text: string, offset: number): string {
  const before = text.slice(0, offset).split(LINE_BREAK).at(-1) ?? "";
  const from = offset - Math.min(before.length, BESIDE);
  const line = text.slice(from, offset + BESIDE).split(LINE_BREAK)[0] ?? "";
  return `${line.replaceAll(/[\p{Cc}\p{Cf}]/gu, " ").toWellFormed()}\n${" ".repeat(offset - from)}^`;
}
