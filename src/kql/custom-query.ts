/** A whole query from a user, bounded: whatever it does, no more than the limit comes back. */
import { Failure } from "../contract/failure.ts";
import { operatorOf } from "./fragment.ts";
import type { OwnText } from "./problems.ts";
import { place, splitAt, tokenize } from "./tokens.ts";

/** What may stand before the query itself. Any other statement would return rows that no limit binds. */
const PREAMBLE: ReadonlySet<string> = new Set(["alias", "declare", "let", "restrict", "set"]);

/**
 * Puts `| take <limit>` behind the last statement, on a line of its own so that no comment swallows it. Trailing
 * semicolons and comments go, and so does a final `render`, which must stand last and draws nothing here. Throws
 * `invalid_query` for an empty text, a string that is not closed, and a second query.
 */
export function boundQuery(text: string, limit: number): { kql: string; own: OwnText; warnings: string[] } {
  const statements = splitAt(tokenize(text), ";").filter((statement) => statement.length > 0);
  const last = statements.at(-1);
  if (last === undefined) throw new Failure("invalid_query", "the query is empty; allowed: one KQL query");
  const unbound = statements.slice(0, -1).find((tokens) => !PREAMBLE.has(operatorOf(text, tokens)))?.[0];
  if (unbound !== undefined) {
    throw new Failure(
      "invalid_query",
      `the statement at ${place(text, unbound.start)} is a query of its own; allowed: one query, after its let statements`,
    );
  }
  const clauses = splitAt(last, "|");
  const rendered = clauses.length > 1 && operatorOf(text, clauses.at(-1) ?? []) === "render";
  const end = (rendered ? clauses.slice(0, -1).flat() : last).at(-1)?.end ?? 0;
  return {
    kql: `${text.slice(0, end)}\n| take ${limit}`,
    own: { text, from: 0, at: 0, length: end },
    warnings: rendered ? ["render was left out of the query: results are rows, not charts."] : [],
  };
}
