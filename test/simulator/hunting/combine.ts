/** The operators that bring two or more tables together: `union` and `join`. */

import { type Column, keyOf, lazily, notSimulated, type Relation, type Row } from "./relation.ts";
import type { Scope } from "./scalar.ts";
import { child, items, need, type SyntaxNode } from "./syntax.ts";
import type { Value } from "./values.ts";

function parameter(node: SyntaxNode, name: string): SyntaxNode | undefined {
  const found = items(child(node, "Parameters")).find((one) => need(one, "Name").name.toLowerCase() === name);
  return found && need(found, "Expression");
}

function parameterText(node: SyntaxNode, name: string): string | undefined {
  const value = parameter(node, name);
  return value && (value.name || value.literal || value.children[0]?.text);
}

/** `union`; a fuzzy one leaves out what does not exist. Columns of one name and several types stand apart, as the parser named them. */
export function union(node: SyntaxNode, input: Relation | undefined, scope: Scope): Relation {
  const columns = node.columns ?? [];
  const isFuzzy = parameterText(node, "isfuzzy")?.toLowerCase() === "true";
  const source = parameterText(node, "withsource");
  if (parameterText(node, "kind") === "inner") throw notSimulated("union kind=inner");
  const named = items(need(node, "Expressions"))
    .filter((one) => !(isFuzzy && isMissing(one)))
    .map((one) => ({ name: one.name, relation: scope.tabular(one) }));
  const branches = input === undefined ? named : [{ name: "", relation: input }, ...named];
  return {
    columns,
    rows: lazily(function* () {
      for (const [number, { name, relation }] of branches.entries()) {
        const indexes = columns.map((column) => indexIn(relation.columns, column));
        const label = name === "" ? `union_arg${number}` : name;
        for (const row of relation.rows) {
          yield indexes.map((index, at) =>
            columns[at]?.name === source ? label : (row[index] ?? emptyOf(columns[at])),
          );
        }
      }
    }),
  };
}

/** A name that the parser could not resolve. */
function isMissing(node: SyntaxNode): boolean {
  if (node.kind === "ParenthesizedExpression") return isMissing(need(node, "Expression"));
  if (node.kind === "PipeExpression") return isMissing(need(node, "Expression"));
  return (
    node.kind === "NameReference" &&
    (node.columns === undefined || node.type === "unknown" || node.columns.length === 0)
  );
}

function indexIn(columns: readonly Column[], wanted: Column): number {
  return columns.findIndex(
    (column) =>
      column.type === wanted.type &&
      (column.name === wanted.name || `${column.name}_${column.type}` === wanted.name),
  );
}

/** Text is never null in KQL. */
function emptyOf(column: Column | undefined): Value {
  return column?.type === "string" ? "" : null;
}

const kinds = new Set(["inner", "innerunique", "leftouter", "leftsemi", "leftanti"]);

/** `join` on equal columns; without a kind, each key of the left side counts once. */
export function join(node: SyntaxNode, left: Relation, scope: Scope): Relation {
  const kind = parameterText(node, "kind") ?? "innerunique";
  if (!kinds.has(kind)) throw notSimulated(`join kind=${kind}`);
  const right = scope.tabular(need(node, "Expression"));
  const pairs = items(need(need(node, "ConditionClause"), "Expressions")).map((one) => keyPair(one));
  const leftKey = keyReader(
    left,
    pairs.map((pair) => pair.left),
  );
  const rightKey = keyReader(
    right,
    pairs.map((pair) => pair.right),
  );
  return {
    columns: node.columns ?? [],
    rows: lazily(function* () {
      const matches = groupRows(right.rows, rightKey);
      const seen = new Set<string>();
      for (const row of left.rows) {
        const key = leftKey(row);
        if (kind === "innerunique" && seen.has(key)) continue;
        seen.add(key);
        yield* joined(kind, row, matches.get(key) ?? [], right.columns);
      }
    }),
  };
}

function groupRows(rows: Iterable<Row>, keyFor: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyFor(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

function* joined(
  kind: string,
  row: Row,
  matches: readonly Row[],
  columns: readonly Column[],
): Generator<Row> {
  if (kind === "leftsemi" || kind === "leftanti") {
    if (matches.length > 0 === (kind === "leftsemi")) yield row;
    return;
  }
  for (const match of matches) yield [...row, ...match];
  if (kind === "leftouter" && matches.length === 0) yield [...row, ...columns.map(emptyOf)];
}

function keyReader({ columns }: Relation, names: readonly string[]): (row: Row) => string {
  const indexes = names.map((name) => columns.findIndex((column) => column.name === name));
  return (row) => keyOf(indexes.map((index) => row[index] ?? null));
}

/** `Name`, or `$left.A == $right.B` in either order. */
function keyPair(node: SyntaxNode): { left: string; right: string } {
  if (node.kind === "NameReference") return { left: node.name, right: node.name };
  if (node.kind !== "BinaryExpression" || need(node, "Operator").text !== "==")
    throw notSimulated("join condition");
  const sides = [need(node, "Left"), need(node, "Right")].map((side) => ({
    of: need(side, "Expression").name,
    column: need(side, "Selector").name,
  }));
  const column = (of: string) => sides.find((side) => side.of === of)?.column;
  const [left, right] = [column("$left"), column("$right")];
  if (left === undefined || right === undefined) throw notSimulated("join condition");
  return { left, right };
}
