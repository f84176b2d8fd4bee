/** The tabular operators: each takes a table and makes another, lazily where it can. */
import { compile } from "./expression.ts";
import { type Column, keyOf, lazily, notSimulated, QueryError, type Relation, type Row } from "./relation.ts";
import type { Scalar, Scope } from "./scalar.ts";
import { summarize } from "./summarize.ts";
import { child, items, need, type SyntaxNode } from "./syntax.ts";
import { compare } from "./values.ts";

export type Operator = (node: SyntaxNode, input: Relation, scope: Scope) => Relation;

export const operators: Readonly<Record<string, Operator>> = {
  FilterOperator: where,
  ProjectOperator: project,
  ProjectAwayOperator: keepNamed,
  ProjectKeepOperator: keepNamed,
  ProjectReorderOperator: keepNamed,
  ExtendOperator: extend,
  SummarizeOperator: summarize,
  CountOperator: (_node, input) => table([{ name: "Count", type: "long" }], [[[...input.rows].length]]),
  DistinctOperator: distinct,
  SortOperator: sort,
  TopOperator: (node, input, scope) =>
    take(rowCount(node, scope), sortBy([need(node, "ByExpression")], input, scope)),
  TakeOperator: (node, input, scope) => take(rowCount(node, scope), input),
  GetSchemaOperator: (node, input) => table(node.columns ?? [], schemaRows(input.columns)),
  SerializeOperator: (_node, input) => input,
};

/** The input's columns are the scope of an operator's expressions. */
function inside(scope: Scope, input: Relation): Scope {
  return { ...scope, columns: input.columns };
}

function table(columns: readonly Column[], rows: Iterable<Row>): Relation {
  return { columns, rows };
}

function outputOf(node: SyntaxNode): Column[] {
  if (node.columns === undefined) throw new Error(`${node.kind} has no columns`);
  return node.columns;
}

function expressionsOf(node: SyntaxNode): SyntaxNode[] {
  return items(child(node, "Expressions"));
}

function refuseParameters(node: SyntaxNode, allowed: readonly string[] = []): void {
  const other = items(child(node, "Parameters")).find((one) => !allowed.includes(need(one, "Name").name));
  if (other !== undefined) throw notSimulated(`parameter ${need(other, "Name").name}`);
}

function where(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  refuseParameters(node);
  const condition = compile(need(node, "Condition"), inside(scope, input));
  return table(
    input.columns,
    lazily(function* () {
      for (const row of input.rows) if (condition.read(row) === true) yield row;
    }),
  );
}

function mapped(columns: readonly Column[], readers: readonly Scalar[], input: Relation): Relation {
  return table(
    columns,
    lazily(function* () {
      for (const row of input.rows) yield readers.map((reader) => reader.read(row));
    }),
  );
}

/** A reader of the column with that name. */
function columnReader(input: Relation, name: string): Scalar {
  const index = input.columns.findIndex((column) => column.name === name);
  return { type: input.columns[index]?.type ?? "", constant: false, read: (row) => row[index] ?? null };
}

function project(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const readers = expressionsOf(node).map((one) => compile(one, inside(scope, input)));
  const columns = outputOf(node);
  if (columns.length !== readers.length) throw notSimulated("project of several columns by one expression");
  return mapped(columns, readers, input);
}

/** Operators that only choose among the columns: the parser has chosen already. */
function keepNamed(node: SyntaxNode, input: Relation): Relation {
  const columns = outputOf(node);
  return mapped(
    columns,
    columns.map((column) => columnReader(input, column.name)),
    input,
  );
}

function extend(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const columns = outputOf(node);
  const known = new Set(input.columns.map((column) => column.name));
  const unnamed = columns.filter((column) => !known.has(column.name)).map((column) => column.name);
  const added = new Map<string, Scalar>();
  for (const one of expressionsOf(node)) {
    const given = child(one, "Name")?.name;
    const name =
      one.kind === "SimpleNamedExpression" && given !== undefined
        ? given
        : unnamed.find((free) => !added.has(free));
    if (name === undefined) throw notSimulated("extend without a name");
    added.set(name, compile(one, inside(scope, input)));
  }
  return mapped(
    columns,
    columns.map((column) => added.get(column.name) ?? columnReader(input, column.name)),
    input,
  );
}

function distinct(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const columns = outputOf(node);
  const chosen = expressionsOf(node);
  const all = chosen.some((one) => one.kind === "StarExpression");
  const narrow = all
    ? input
    : mapped(
        columns,
        chosen.map((one) => compile(one, inside(scope, input))),
        input,
      );
  return table(
    columns,
    lazily(function* () {
      const seen = new Set<string>();
      for (const row of narrow.rows) {
        const key = keyOf(row);
        if (!seen.has(key)) yield row;
        seen.add(key);
      }
    }),
  );
}

function sort(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  return sortBy(expressionsOf(node), input, scope);
}

/** Descending unless told otherwise; nulls are last then, and first when ascending. */
function sortBy(keys: readonly SyntaxNode[], input: Relation, scope: Scope): Relation {
  const within = inside(scope, input);
  const orders = keys.map((key) => {
    const ordering = child(key, "Ordering");
    const ascending = ordering !== undefined && child(ordering, "AscOrDescKeyword")?.text === "asc";
    const nulls = ordering && child(ordering, "NullsClause");
    const said = nulls && need(nulls, "FirstOrLastKeyword").text;
    return {
      scalar: compile(key, within),
      ascending,
      nullsFirst: said === undefined ? ascending : said === "first",
    };
  });
  const compareRows = (left: Row, right: Row) => {
    for (const { scalar, ascending, nullsFirst } of orders) {
      const [a, b] = [scalar.read(left), scalar.read(right)];
      if (a === null || b === null) {
        if (a !== b) return (a === null) === nullsFirst ? -1 : 1;
        continue;
      }
      const order = compare(a, b);
      if (order !== 0) return ascending ? order : -order;
    }
    return 0;
  };
  return table(
    input.columns,
    lazily(() => [...input.rows].sort(compareRows).values()),
  );
}

function rowCount(node: SyntaxNode, scope: Scope): number {
  const count = compile(need(node, "Expression"), { ...scope, columns: [] }).read([]);
  if (typeof count !== "number" || count < 0)
    throw new QueryError(
      "The number of rows must be a non-negative constant. Fix semantic errors in your query.",
    );
  return count;
}

function take(count: number, input: Relation): Relation {
  return table(
    input.columns,
    lazily(function* () {
      let left = count;
      if (left <= 0) return;
      for (const row of input.rows) {
        yield row;
        left -= 1;
        if (left <= 0) return;
      }
    }),
  );
}

const systemTypes: Readonly<Record<string, string>> = {
  string: "System.String",
  datetime: "System.DateTime",
  long: "System.Int64",
  int: "System.Int32",
  bool: "System.SByte",
  real: "System.Double",
  dynamic: "System.Object",
  timespan: "System.TimeSpan",
  guid: "System.Guid",
};

function schemaRows(columns: readonly Column[]): Row[] {
  return columns.map((column, index) => [
    column.name,
    index,
    systemTypes[column.type] ?? "System.Object",
    column.type,
  ]);
}
