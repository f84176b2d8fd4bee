/** Constant tables: the one place that says that a table's keys are exactly those of its type. */

/** The keys of a constant table, typed. Only for literals: an object with extra keys would lie. */
export function keysOf<T extends object>(table: T): (keyof T & string)[] {
  return Object.keys(table) as (keyof T & string)[];
}
