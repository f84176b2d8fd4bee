/** Scalar KQL expressions, compiled once per query into functions of a row. */
import type { JsonValue } from "../json.ts";
import { functions } from "./functions.ts";
import { notSimulated, QueryError } from "./relation.ts";
import { constant, derived, type Scalar, type Scope } from "./scalar.ts";
import { items, need, type SyntaxNode } from "./syntax.ts";
import { compileSetTest, compileTextTest, textOperators } from "./text-operators.ts";
import { compare, equals, parseDatetime, parseTimespan, type Value } from "./values.ts";

type Compile = (node: SyntaxNode, scope: Scope) => Scalar;

const compilers: Readonly<Record<string, Compile>> = {
  ParenthesizedExpression: (node, scope) => compile(need(node, "Expression"), scope),
  SimpleNamedExpression: (node, scope) => compile(need(node, "Expression"), scope),
  OrderedExpression: (node, scope) => compile(need(node, "Expression"), scope),
  NameReference: compileName,
  LiteralExpression: (node) => constant(node.type, literalValue(node)),
  CompoundStringLiteralExpression: (node) => constant("string", node.literal ?? ""),
  DynamicExpression: (node) => constant("dynamic", jsonLiteral(need(node, "Expression"))),
  PrefixUnaryExpression: compileUnary,
  BinaryExpression: compileBinary,
  InExpression: (node, scope) => compileSetTest(node, scope, compile),
  HasAnyExpression: (node, scope) => compileSetTest(node, scope, compile),
  HasAllExpression: (node, scope) => compileSetTest(node, scope, compile),
  BetweenExpression: compileBetween,
  PathExpression: (node, scope) =>
    compileMember(need(node, "Expression"), constant("string", need(node, "Selector").name), scope),
  ElementExpression: (node, scope) =>
    compileMember(
      need(node, "Expression"),
      compile(need(need(node, "Selector"), "Expression"), scope),
      scope,
    ),
  FunctionCallExpression: (node, scope) => {
    const name = need(node, "Name").name;
    const build = functions[name];
    if (build === undefined) throw notSimulated(`function ${name}()`);
    const given = items(need(need(node, "ArgumentList"), "Expressions")).map((one) => compile(one, scope));
    return build(given, scope, node.type);
  },
};

/** Throws a QueryError for what is not simulated. */
export function compile(node: SyntaxNode, scope: Scope): Scalar {
  const compiler = compilers[node.kind];
  if (compiler === undefined) throw notSimulated(`expression ${node.kind}`);
  return compiler(node, scope);
}

function compileName(node: SyntaxNode, scope: Scope): Scalar {
  const index = scope.columns.findIndex((column) => column.name === node.name);
  const column = scope.columns[index];
  if (column !== undefined) return { type: column.type, constant: false, read: (row) => row[index] ?? null };
  const bound = scope.lets.get(node.name);
  if (bound !== undefined) return bound;
  throw new QueryError(
    `Failed to resolve scalar expression named '${node.name}'. Fix semantic errors in your query.`,
  );
}

/** A literal's text inside `type(...)`, if it is written like that. */
function inner(text: string): string {
  return (/^\w+\((.*)\)$/s.exec(text)?.[1] ?? text).trim();
}

function literalValue(node: SyntaxNode): Value {
  const text = node.children[0]?.text ?? "";
  if (node.type === "string") return node.literal ?? "";
  const written = inner(text);
  if (written === "null") return null;
  if (node.type === "bool") return written.toLowerCase() === "true" || written === "1";
  if (node.type === "datetime") return parseDatetime(written.replace(/^['"]|['"]$/g, ""));
  if (node.type === "timespan") return parseTimespan(written.replace(/^['"]|['"]$/g, ""));
  if (node.type === "guid") return written.toLowerCase();
  return Number(written);
}

function jsonLiteral(node: SyntaxNode): JsonValue {
  if (node.kind === "JsonArrayExpression") return items(need(node, "Values")).map(jsonLiteral);
  if (node.kind === "JsonObjectExpression") {
    const pairs = items(need(node, "Pairs"));
    return Object.fromEntries(
      pairs.map((pair) => [need(pair, "Name").literal ?? "", jsonLiteral(need(pair, "Value"))]),
    );
  }
  if (node.kind === "PrefixUnaryExpression") return -Number(jsonLiteral(need(node, "Expression")));
  const value = literalValue(node);
  return typeof value === "bigint" ? null : value;
}

function compileUnary(node: SyntaxNode, scope: Scope): Scalar {
  const operand = compile(need(node, "Expression"), scope);
  const negative = need(node, "Operator").text === "-";
  return derived(operand.type, [operand], (row) => {
    const value = operand.read(row);
    return negative && (typeof value === "number" || typeof value === "bigint") ? -value : value;
  });
}

type Operation = (left: Value, right: Value) => Value;

const ordered =
  (holds: (order: number) => boolean): Operation =>
  (left, right) =>
    left === null || right === null ? null : holds(compare(left, right));

const comparisons: Readonly<Record<string, Operation>> = {
  "==": equals,
  "!=": (left, right) => {
    const equal = equals(left, right);
    return equal === null ? null : !equal;
  },
  "<>": (left, right) => !equals(left, right),
  "<": ordered((order) => order < 0),
  "<=": ordered((order) => order <= 0),
  ">": ordered((order) => order > 0),
  ">=": ordered((order) => order >= 0),
};

const arithmetic: Readonly<Record<string, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
};

/** Arithmetic; ticks stay ticks unless they are divided by ticks. */
function calculate(operator: string, left: Value, right: Value, type: string): Value {
  const apply = arithmetic[operator];
  const isNumber = (value: Value) => typeof value === "number" || typeof value === "bigint";
  if (apply === undefined || !isNumber(left) || !isNumber(right)) return null;
  if (typeof left === "bigint" && typeof right === "bigint" && operator === "+") return left + right;
  if (typeof left === "bigint" && typeof right === "bigint" && operator === "-") return left - right;
  const result = apply(Number(left), Number(right));
  if (!Number.isFinite(result)) return null;
  if (type === "timespan" || type === "datetime") return BigInt(Math.round(result));
  return type === "long" || type === "int" ? Math.trunc(result) : result;
}

function compileBinary(node: SyntaxNode, scope: Scope): Scalar {
  const operator = need(node, "Operator").text;
  const left = compile(need(node, "Left"), scope);
  const right = compile(need(node, "Right"), scope);
  if (operator === "and") {
    return derived("bool", [left, right], (row) => left.read(row) === true && right.read(row) === true);
  }
  if (operator === "or") {
    return derived("bool", [left, right], (row) => left.read(row) === true || right.read(row) === true);
  }
  const comparison = comparisons[operator];
  if (comparison !== undefined) {
    requireComparable(left.type, right.type);
    return derived("bool", [left, right], (row) => comparison(left.read(row), right.read(row)));
  }
  if (arithmetic[operator] !== undefined) {
    return derived(node.type, [left, right], (row) =>
      calculate(operator, left.read(row), right.read(row), node.type),
    );
  }
  if (textOperators.has(operator)) return compileTextTest(operator, left, right);
  throw notSimulated(`operator ${operator}`);
}

const numeric = new Set(["int", "long", "real", "decimal"]);

/** The engine compares numbers with numbers and otherwise like with like; dynamic with anything. */
function requireComparable(left: string, right: string): void {
  const known = [left, right].every((type) => type !== "" && type !== "dynamic" && type !== "unknown");
  if (!known || left === right || (numeric.has(left) && numeric.has(right))) return;
  throw new QueryError(
    `Cannot compare values of types ${left} and ${right}. Try adding explicit casts. Fix semantic errors in your query.`,
  );
}

function compileBetween(node: SyntaxNode, scope: Scope): Scalar {
  const tested = compile(need(node, "Left"), scope);
  const couple = need(node, "Right");
  const first = compile(need(couple, "First"), scope);
  const second = compile(need(couple, "Second"), scope);
  const negated = need(node, "Operator").text.startsWith("!");
  const secondIsLength = first.type === "datetime" && second.type === "timespan";
  return derived("bool", [tested, first, second], (row) => {
    const value = tested.read(row);
    const low = first.read(row);
    const read = second.read(row);
    const high = secondIsLength && typeof low === "bigint" && typeof read === "bigint" ? low + read : read;
    if (value === null || low === null || high === null) return null;
    return (compare(value, low) >= 0 && compare(value, high) <= 0) !== negated;
  });
}

function compileMember(of: SyntaxNode, key: Scalar, scope: Scope): Scalar {
  const parent = compile(of, scope);
  return derived("dynamic", [parent, key], (row) => {
    const value = parent.read(row);
    const wanted = key.read(row);
    if (typeof value !== "object" || value === null) return null;
    if (Array.isArray(value)) return typeof wanted === "number" ? (value.at(wanted) ?? null) : null;
    return typeof wanted === "string" && Object.hasOwn(value, wanted)
      ? (Object.entries(value).find(([name]) => name === wanted)?.[1] ?? null)
      : null;
  });
}
