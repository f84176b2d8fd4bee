/** Text from outside in OData expressions: as a literal, never as syntax. */

/** A string literal for `$filter`. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Whether quotes and parentheses of an expression close in it, so that it stays one operand between parentheses. */
export function isBalanced(expression: string): boolean {
  const bare = expression.replaceAll(/'(?:[^']|'')*'/gu, "");
  let depth = 0;
  for (const character of bare) {
    if (character === "'") return false;
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}
