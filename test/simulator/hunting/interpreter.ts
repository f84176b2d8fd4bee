/** Runs a parsed query over tables: statements, pipes, names. */
import { join, union } from "./combine.ts";
import { compile } from "./expression.ts";
import { operators } from "./operators.ts";
import { notSimulated, QueryError, type Relation } from "./relation.ts";
import type { Scalar, Scope } from "./scalar.ts";
import { items, need, type SyntaxNode } from "./syntax.ts";

/** Evaluates the query's last statement. Throws a QueryError. */
export function interpret(
  root: SyntaxNode,
  tables: { get(name: string): Relation | undefined },
  nowTicks: bigint,
): Relation {
  const scalars = new Map<string, Scalar>();
  const relations = new Map<string, Relation>();
  const scope: Scope = { columns: [], lets: scalars, nowTicks, tabular };
  let result: Relation | undefined;
  for (const statement of items(need(root, "Statements"))) {
    if (statement.kind === "LetStatement") bind(statement);
    else if (statement.kind === "ExpressionStatement") result = tabular(need(statement, "Expression"));
    else throw notSimulated(`statement ${statement.kind}`);
  }
  if (result === undefined)
    throw new QueryError("The incomplete fragment is unexpected.. Fix syntax errors in your query.");
  return result;

  function bind(statement: SyntaxNode): void {
    const name = need(statement, "Name").name;
    const value = need(statement, "Expression");
    if (value.kind === "FunctionDeclaration") throw notSimulated("let with a function");
    if (value.columns !== undefined && !isScalar(value)) relations.set(name, tabular(value));
    else scalars.set(name, compile(value, scope));
  }

  function tabular(node: SyntaxNode): Relation {
    if (node.kind === "ParenthesizedExpression") return tabular(need(node, "Expression"));
    if (node.kind === "NameReference") return named(node);
    if (node.kind === "PipeExpression")
      return piped(need(node, "Operator"), tabular(need(node, "Expression")));
    if (node.kind === "UnionOperator") return union(node, undefined, scope);
    if (node.kind === "PrintOperator") return print(node);
    throw notSimulated(`operator ${node.children[0]?.text || node.kind}`);
  }

  function piped(operator: SyntaxNode, input: Relation): Relation {
    if (operator.kind === "JoinOperator") return join(operator, input, scope);
    if (operator.kind === "UnionOperator") return union(operator, input, scope);
    const apply = operators[operator.kind];
    if (apply === undefined) throw notSimulated(`operator ${operator.children[0]?.text ?? operator.kind}`);
    return apply(operator, input, scope);
  }

  function named(node: SyntaxNode): Relation {
    const relation = relations.get(node.name) ?? tables.get(node.name);
    if (relation === undefined) throw notSimulated(`table expression ${node.name}`);
    return relation;
  }

  function print(node: SyntaxNode): Relation {
    const values = items(need(node, "Expressions")).map((one) => compile(one, scope).read([]));
    return { columns: node.columns ?? [], rows: [values] };
  }
}

function isScalar(node: SyntaxNode): boolean {
  return node.kind === "LiteralExpression" || node.kind === "DynamicExpression";
}
