/** A compiled scalar expression, and what it is compiled against. */
import type { Column, Relation, Row } from "./relation.ts";
import type { SyntaxNode } from "./syntax.ts";
import type { Value } from "./values.ts";

export interface Scalar {
  type: string;
  /** The same for every row. */
  constant: boolean;
  read(row: Row): Value;
}

/** What names mean where an expression stands. */
export interface Scope {
  columns: readonly Column[];
  lets: ReadonlyMap<string, Scalar>;
  nowTicks: bigint;
  /** Evaluates a sub-query. */
  tabular(node: SyntaxNode): Relation;
}

export function constant(type: string, value: Value): Scalar {
  return { type, constant: true, read: () => value };
}

/** A value that depends on others. */
export function derived(type: string, from: readonly Scalar[], read: (row: Row) => Value): Scalar {
  if (from.every((one) => one.constant)) {
    let known: { value: Value } | undefined;
    return {
      type,
      constant: true,
      read: (row) => {
        known ??= { value: read(row) };
        return known.value;
      },
    };
  }
  return { type, constant: false, read };
}
