/** Operators on text (`has`, `=~` …) and on sets (`in`, `has_any` …). */

import { QueryError, type Row } from "./relation.ts";
import { derived, type Scalar, type Scope } from "./scalar.ts";
import { items, need, type SyntaxNode } from "./syntax.ts";
import { hasTerm, textOf, type Value } from "./values.ts";

type TextTest = (text: string, wanted: string) => boolean;

const tests: Readonly<Record<string, TextTest>> = {
  has: hasTerm,
  hasprefix: (text, wanted) => hasTerm(text, wanted, true),
  contains: (text, wanted) => text.includes(wanted),
  startswith: (text, wanted) => text.startsWith(wanted),
  endswith: (text, wanted) => text.endsWith(wanted),
};

/** `!startswith_cs` as: negated, case-sensitive, `startswith`. */
function readOperator(
  operator: string,
): { negated: boolean; sensitive: boolean; test: TextTest } | undefined {
  if (operator === "=~" || operator === "!~") {
    return { negated: operator === "!~", sensitive: false, test: (text, wanted) => text === wanted };
  }
  const negated = operator.startsWith("!");
  const sensitive = operator.endsWith("_cs");
  const test = tests[operator.slice(negated ? 1 : 0, sensitive ? -3 : undefined)];
  return test && { negated, sensitive, test };
}

export const textOperators: { has(operator: string): boolean } = {
  has: (operator) => operator === "matches regex" || readOperator(operator) !== undefined,
};

/** A test of one text against another, case-insensitive unless the operator says otherwise. */
export function compileTextTest(operator: string, left: Scalar, right: Scalar): Scalar {
  const read = readOperator(operator);
  if (read === undefined) {
    return derived("bool", [left, right], (row) =>
      new RegExp(textOf(right.read(row), right.type)).test(textOf(left.read(row), left.type)),
    );
  }
  const { negated, sensitive, test } = read;
  const fold = (scalar: Scalar, row: Row) => {
    const text = textOf(scalar.read(row), scalar.type);
    return sensitive ? text : text.toLowerCase();
  };
  return derived("bool", [left, right], (row) => test(fold(left, row), fold(right, row)) !== negated);
}

type Compile = (node: SyntaxNode, scope: Scope) => Scalar;

/** `in`, `in~`, `has_any`, `has_all` and their negations. The set may be values, dynamic lists, or one sub-query. */
export function compileSetTest(node: SyntaxNode, scope: Scope, compile: Compile): Scalar {
  const operator = need(node, "Operator").text;
  const tested = compile(need(node, "Left"), scope);
  const negated = operator.startsWith("!");
  const insensitive = operator.endsWith("~") || operator.startsWith("has_");
  const fold = (value: Value, type: string): Value => {
    if (operator.startsWith("has_")) return textOf(value, type).toLowerCase();
    return insensitive && typeof value === "string" ? value.toLowerCase() : value;
  };
  const members = new Set(readMembers(node, scope, compile).map(({ value, type }) => fold(value, type)));
  const words = [...members].map((member) => textOf(member, ""));
  return derived("bool", [tested], (row) => {
    const value = fold(tested.read(row), tested.type);
    if (operator === "has_any") return words.some((word) => hasTerm(String(value), word));
    if (operator === "has_all") return words.every((word) => hasTerm(String(value), word));
    return members.has(value) !== negated;
  });
}

function readMembers(node: SyntaxNode, scope: Scope, compile: Compile): { value: Value; type: string }[] {
  return items(need(need(node, "Right"), "Expressions")).flatMap((element) => {
    if (element.columns !== undefined && element.type !== "dynamic") {
      const { columns, rows } = scope.tabular(element);
      return [...rows].map((row) => ({ value: row[0] ?? null, type: columns[0]?.type ?? "" }));
    }
    const scalar = compile(element, scope);
    if (!scalar.constant) throw new QueryError("simulator: a set that depends on the row is not simulated");
    const value = scalar.read([]);
    if (Array.isArray(value)) return value.map((member) => ({ value: member, type: "dynamic" }));
    return [{ value, type: scalar.type }];
  });
}
