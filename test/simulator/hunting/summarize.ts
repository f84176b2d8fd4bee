/** `summarize`: groups of rows, folded. */
import { aggregates } from "./aggregates.ts";
import { compile } from "./expression.ts";
import { keyOf, notSimulated, type Relation, type Row } from "./relation.ts";
import type { Scope } from "./scalar.ts";
import { child, items, need, type SyntaxNode } from "./syntax.ts";
import type { Value } from "./values.ts";

/** Groups come first among the columns, then the aggregates, as the parser names them. */
export function summarize(node: SyntaxNode, input: Relation, scope: Scope): Relation {
  const within = { ...scope, columns: input.columns };
  const by = child(node, "ByClause");
  const keys = by === undefined ? [] : items(child(by, "Expressions")).map((one) => compile(one, within));
  const folds = items(child(node, "Aggregates")).map((one) => aggregateOf(one, within));
  const groups = new Map<string, { values: Value[]; rows: Row[] }>();
  for (const row of input.rows) {
    const values = keys.map((key) => key.read(row));
    const group = groups.get(keyOf(values));
    if (group === undefined) groups.set(keyOf(values), { values, rows: [row] });
    else group.rows.push(row);
  }
  // Without a `by`, an empty table still has its one line of totals.
  if (keys.length === 0 && groups.size === 0) groups.set("", { values: [], rows: [] });
  const rows = [...groups.values()].map((group) => [
    ...group.values,
    ...folds.map((fold) => fold(group.rows)),
  ]);
  return { columns: node.columns ?? [], rows };
}

function aggregateOf(node: SyntaxNode, scope: Scope): (rows: readonly Row[]) => Value {
  const call = node.kind === "SimpleNamedExpression" ? need(node, "Expression") : node;
  if (call.kind !== "FunctionCallExpression") throw notSimulated("arithmetic on aggregates");
  const name = need(call, "Name").name;
  const aggregate = aggregates[name];
  if (aggregate === undefined) throw notSimulated(`aggregate ${name}()`);
  const given = items(need(need(call, "ArgumentList"), "Expressions")).map((one) => compile(one, scope));
  return (rows) => aggregate(rows, given);
}
