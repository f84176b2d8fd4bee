/** Tables as the interpreter sees them, and the ways a query can be refused. */
import type { Value } from "./values.ts";

export interface Column {
  name: string;
  /** KQL type: `string`, `long`, `datetime` … */
  type: string;
}

export type Row = readonly Value[];

export interface Relation {
  columns: readonly Column[];
  /** May be read more than once. */
  rows: Iterable<Row>;
}

/** A query that Defender would refuse with a 400, in the engine's words. */
export class QueryError extends Error {}

/** A query that may well be right, but is beyond this interpreter. */
export function notSimulated(what: string): QueryError {
  return new QueryError(`simulator: ${what} is not simulated`);
}

/** Rows made anew by each reading. */
export function lazily(make: () => Iterator<Row>): Iterable<Row> {
  return { [Symbol.iterator]: make };
}

/** Several values as one key; types stay apart. */
export function keyOf(values: readonly Value[]): string {
  return values
    .map((value) => (typeof value === "bigint" ? `t${value}` : JSON.stringify(value)))
    .join("\u0001");
}
