/** Builds the KQL of the table queries: source, time window, the caller's clauses, order and limit, columns; one a line. */
import { identifier } from "./identifiers.ts";
import { datetimeLiteral } from "./literals.ts";
import { type TimeColumn, timeColumn } from "./tables.ts";
import type { Window } from "./time-frame.ts";

/** The SOAR's default sort field; here it stands for the time column of whatever tables are queried. */
export const DEFAULT_SORT_FIELD = "Timestamp";

export interface Sort {
  field: string;
  order: "ASC" | "DESC";
}

export interface TableQuery {
  tables: readonly string[];
  window: Window;
  /** What is left of the window for tables with `Timestamp`; default: all of it. */
  nativeWindow?: Window;
  /** Begins with `|`, or is empty. Its author answers for what is in it. */
  clauses: string;
  /** A clause of its own for each table, put before `clauses`; it begins with `|` too. */
  filters?: ReadonlyMap<string, string>;
  /** Whether a column is still there behind `clauses`. */
  keeps(column: string): boolean;
  sort: Sort;
  limit: number;
  /** Empty: all columns. */
  fields: readonly string[];
}

export interface BuiltQuery {
  kql: string;
  /** Where the caller's clauses begin in it. */
  clausesAt: number;
  warnings: string[];
}

/** Order and limit stand before `project`, so that the sort field need not be among the fields to return. */
export function buildQuery(query: TableQuery): BuiltQuery {
  const timeless = query.tables.filter((table) => timeColumn(table) === null);
  const warnings =
    timeless.length === 0
      ? []
      : [`The time frame was not applied to ${timeless.join(", ")}: no time column.`];
  const limit = orderAndLimit(query);
  if (limit.warning !== undefined) warnings.push(limit.warning);
  const sourceLines = source(query);
  const lines = [
    ...sourceLines,
    query.clauses,
    limit.line,
    query.fields.length === 0 ? "" : `| project ${query.fields.map(identifier).join(", ")}`,
  ];
  return {
    kql: lines.filter((line) => line !== "").join("\n"),
    clausesAt: sourceLines.join("\n").length + 1,
    warnings,
  };
}

/** Tables that share a time column and have no filters of their own are filtered together; others each in a subquery. */
function source(query: TableQuery): string[] {
  const { tables, filters = new Map<string, string>() } = query;
  const names = tables.map(identifier);
  const union = tables.length === 1 ? names.join() : `union ${names.join(", ")}`;
  const columns = new Set(tables.map(timeColumn));
  const isShared = columns.size === 1 && (tables.length === 1 || filters.size === 0);
  if (isShared) return [union, ...inWindow([...columns][0] ?? null, query), ...filters.values()];
  const parts = tables.map((table) => [
    identifier(table),
    ...inWindow(timeColumn(table), query),
    ...[filters.get(table) ?? []].flat(),
  ]);
  return [
    `union ${parts.map((part) => (part.length === 1 ? part.join() : `(${part.join(" ")})`)).join(", ")}`,
  ];
}

/** Half-open, so that windows which follow each other share no row and miss none. */
function inWindow(column: TimeColumn | null, { window, nativeWindow = window }: TableQuery): string[] {
  if (column === null) return [];
  const { start, end } = column === "Timestamp" ? nativeWindow : window;
  return [`| where ${column} >= ${datetimeLiteral(start)} and ${column} < ${datetimeLiteral(end)}`];
}

function orderAndLimit({ tables, sort, limit, keeps }: TableQuery): { line: string; warning?: string } {
  const by = (expression: string) => `| top ${limit} by ${expression} ${sort.order.toLowerCase()}`;
  if (sort.field !== DEFAULT_SORT_FIELD) return { line: by(identifier(sort.field)) };
  const columns = [...new Set(tables.map(timeColumn))].filter((column) => column !== null);
  const [only] = columns;
  if (only === undefined) return { line: `| take ${limit}` };
  if (!columns.every(keeps)) {
    return {
      line: `| take ${limit}`,
      warning: `The rows are not sorted: the query leaves no ${columns.join(" and ")} to sort by. Name another sort_field.`,
    };
  }
  // Behind a union, a row has its time in one of the two columns and null in the other.
  return { line: by(columns.length === 1 ? only : `coalesce(${columns.join(", ")})`) };
}
