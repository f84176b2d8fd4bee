/** The aggregates of `summarize` that are simulated: each folds the rows of one group. */

import type { Row } from "./relation.ts";
import { keyOf } from "./relation.ts";
import type { Scalar } from "./scalar.ts";
import { compare, textOf, type Value } from "./values.ts";

type Aggregate = (rows: readonly Row[], given: readonly Scalar[]) => Value;

function valuesOf(rows: readonly Row[], scalar: Scalar | undefined): Value[] {
  return scalar === undefined ? [] : rows.map((row) => scalar.read(row));
}

const present = (value: Value) => value !== null;
const isNumber = (value: Value): value is number => typeof value === "number";

function distinct(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [keyOf([value]), value])).values()];
}

function sum(values: readonly Value[]): Value {
  if (values.some((value) => typeof value === "bigint")) {
    return values.reduce<bigint>((total, value) => (typeof value === "bigint" ? total + value : total), 0n);
  }
  return values.filter(isNumber).reduce((total, value) => total + value, 0);
}

/** Dynamic lists hold JSON: ticks become text. */
function list(values: readonly Value[], scalar: Scalar | undefined, limit: Scalar | undefined): Value {
  const most = limit?.read([]) ?? 1_048_576;
  return values
    .filter(present)
    .slice(0, Number(most))
    .map((value) => (typeof value === "bigint" ? textOf(value, scalar?.type ?? "datetime") : value));
}

export const aggregates: Readonly<Record<string, Aggregate>> = {
  count: (rows) => rows.length,
  countif: (rows, [test]) => valuesOf(rows, test).filter((value) => value === true).length,
  dcount: (rows, [of]) => distinct(valuesOf(rows, of).filter(present)).length,
  count_distinct: (rows, [of]) => distinct(valuesOf(rows, of).filter(present)).length,
  min: (rows, [of]) => valuesOf(rows, of).filter(present).sort(compare)[0] ?? null,
  max: (rows, [of]) => valuesOf(rows, of).filter(present).sort(compare).at(-1) ?? null,
  sum: (rows, [of]) => sum(valuesOf(rows, of)),
  avg: (rows, [of]) => {
    const numbers = valuesOf(rows, of).filter(isNumber);
    return numbers.length === 0 ? null : numbers.reduce((total, value) => total + value, 0) / numbers.length;
  },
  any: (rows, [of]) => valuesOf(rows, of)[0] ?? null,
  take_any: (rows, [of]) => valuesOf(rows, of)[0] ?? null,
  make_set: (rows, [of, limit]) => list(distinct(valuesOf(rows, of)), of, limit),
  make_list: (rows, [of, limit]) => list(valuesOf(rows, of), of, limit),
};
