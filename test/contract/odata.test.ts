import fc from "fast-check";
import { expect, test } from "vitest";
import { isBalanced, literal } from "../../src/contract/odata.ts";

/** Reads one OData string literal back; null when the text is not exactly one. */
function readLiteral(text: string): string | null {
  const inner = /^'((?:[^']|'')*)'$/su.exec(text)?.[1];
  return inner?.replaceAll("''", "'") ?? null;
}

test("text from outside is exactly one literal, whatever it holds", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      (text) => readLiteral(literal(text)) === text && isBalanced(literal(text)),
    ),
  );
});

test.each([
  ["status eq 'active'", true],
  ["(status eq 'active' or severity eq 'high') and assignedTo eq 'o''brien)'", true],
  ["assignedTo eq 'a(b'", true],
  ["status eq 'active') or (severity eq 'high'", false],
  ["(status eq 'active'", false],
  ["assignedTo eq 'o'brien'", false],
])("whether %j stays one operand: %s", (expression, balanced) => {
  expect(isBalanced(expression)).toBe(balanced);
});
