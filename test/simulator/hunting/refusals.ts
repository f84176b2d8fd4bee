/** What the engine says about a query it cannot run: its texts, word for word (reference: 1.9). */
import type { ParsedQuery, Problem, SyntaxNode } from "./syntax.ts";

const fixSyntax = "The incomplete fragment is unexpected.. Fix syntax errors in your query.";
const fixSemantics = "Fix semantic errors in your query.";

/** The first thing wrong with the query, or nothing. */
export function refusalOf({ root, syntaxProblems, problems }: ParsedQuery): string | undefined {
  if (syntaxProblems.length > 0) return fixSyntax;
  if (items(root) === 0) return fixSyntax;
  const first = problems[0];
  return first && semanticRefusal(root, first);
}

function items(root: SyntaxNode): number {
  return root.children.find((one) => one.role === "Statements")?.children.length ?? 0;
}

function semanticRefusal(root: SyntaxNode, { code, message, start }: Problem): string {
  const name = /name '(.*)' does not refer/.exec(message)?.[1];
  if (name === undefined) return `${message.replace(/\.?$/, ".")} ${fixSemantics}`;
  if (code === "KS211") return `Unknown function: '${name}'. ${fixSemantics}`;
  const path = pathTo(root, start);
  const operator = path.findLast((node) => node.kind.endsWith("Operator"));
  if (code === "KS142" && operator !== undefined) {
    return `'${keywordOf(operator)}' operator: Failed to resolve scalar expression named '${name}'. ${fixSemantics}`;
  }
  return `${tableOperator(path)}Failed to resolve table or column expression named '${name}'. ${fixSemantics}`;
}

/** The engine names the operator that reads the table. */
function tableOperator(path: readonly SyntaxNode[]): string {
  const pipe = path.findLast((node) => node.kind === "PipeExpression" || node.kind.endsWith("Operator"));
  const operator =
    pipe?.kind === "PipeExpression" ? pipe.children.find((one) => one.role === "Operator") : pipe;
  return operator === undefined ? "" : `'${keywordOf(operator)}' operator: `;
}

function keywordOf(operator: SyntaxNode): string {
  return operator.children[0]?.text ?? "";
}

/** The nodes around a position, outermost first. */
function pathTo(node: SyntaxNode, position: number): SyntaxNode[] {
  const inner = node.children.find((one) => one.start <= position && position < one.end);
  return inner === undefined ? [node] : [node, ...pathTo(inner, position)];
}
