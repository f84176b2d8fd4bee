/** The user's own clauses inside a query that we build: they may narrow it, never end it or start another one. */
import { Failure } from "../contract/failure.ts";
import { place, splitAt, type Token, tokenize } from "./tokens.ts";

/** Operators that leave only the columns they name. */
const RESHAPING: ReadonlySet<string> = new Set([
  "count",
  "distinct",
  "getschema",
  "make-series",
  "project",
  "project-keep",
  "reduce",
  "sample-distinct",
  "summarize",
  "top-hitters",
  "top-nested",
]);

export interface Fragment {
  /** Begins with `|`; without blanks, comments and semicolons around it. Empty: nothing to apply. */
  text: string;
  /** Where it begins, without its first pipe, in the text that was read. */
  start: number;
  /** Whether a column is still there behind the fragment, as far as a look at its words can tell. */
  keeps(column: string): boolean;
}

/**
 * Reads `|where …` clauses, with or without the leading pipe. Throws `invalid_query` for a second statement, a string
 * that is not closed, or a `render`, behind which no limit could stand.
 */
export function readFragment(text: string): Fragment {
  const all = tokenize(text);
  const semicolon = all.findIndex(isSemicolon);
  const tokens = semicolon === -1 ? all : all.slice(0, semicolon);
  const second = semicolon === -1 ? undefined : all.slice(semicolon).find((token) => !isSemicolon(token));
  if (second !== undefined) {
    throw new Failure(
      "invalid_query",
      `a second statement begins at ${place(text, second.start)}; allowed: clauses such as |where …, without let or ;`,
    );
  }
  const body = tokens[0]?.text === "|" ? tokens.slice(1) : tokens;
  const clauses = splitAt(body, "|").map((clause) => ({ clause, operator: operatorOf(text, clause) }));
  const rendered = clauses.find(({ operator }) => operator === "render")?.clause[0];
  if (rendered !== undefined) {
    throw new Failure(
      "invalid_query",
      `render at ${place(text, rendered.start)} has no meaning here; leave it out`,
    );
  }
  const [first, last] = [body[0], body.at(-1)];
  return {
    text: first === undefined || last === undefined ? "" : `| ${text.slice(first.start, last.end)}`,
    start: first?.start ?? 0,
    keeps: (column) =>
      clauses.every(
        ({ clause, operator }) => !RESHAPING.has(operator) || clause.some((token) => token.text === column),
      ),
  };
}

function isSemicolon(token: Token): boolean {
  return token.kind === "symbol" && token.text === ";";
}

/** The name of a clause's operator, such as `where` or `project-away`; empty when there is none. */
export function operatorOf(text: string, clause: readonly Token[]): string {
  const [first] = clause;
  return first?.kind === "word" ? (/^[\w-]+/.exec(text.slice(first.start))?.[0] ?? "") : "";
}
