/** What holds for the arguments of every action, whatever is sent. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACTION_NAMES, findAction } from "../../src/actions/catalog.ts";
import { describeInvalid } from "../../src/contract/failure.ts";

const words = fc.constantFrom(
  "Select One",
  "TRUE POSITIVE",
  "phishing",
  "Resolved",
  "Last Hour",
  "Custom",
  "desc",
  "AND",
  "2026-03-18T10:30:00Z",
  "AlertInfo, AlertEvidence",
  "| where Severity == 'High'",
  "yes",
  "0",
  "29",
  "constructor",
  "__proto__",
);
const scalar = fc.oneof(words, fc.string(), fc.integer(), fc.boolean());
const sent = fc.oneof(scalar, fc.array(scalar, { maxLength: 2 }), fc.constant(null));
const entities = fc.array(
  fc.record({
    Identifier: fc.string({ minLength: 1 }),
    EntityType: fc.constantFrom("ADDRESS", "HOSTNAME", "CVE"),
  }),
  { maxLength: 3 },
);

/** A few arguments with any value, and those that the action needs with values that are often good. */
function inputOf(names: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const likely = {
    case_id: fc.oneof(fc.string({ minLength: 1 }), fc.integer()),
    target_entities: entities,
    ...(names.includes("incident_id") ? { incident_id: fc.nat() } : {}),
    ...(names.includes("table_names") ? { table_names: fc.constant("AlertInfo") } : {}),
  };
  return fc
    .tuple(fc.dictionary(fc.constantFrom(...names), sent, { maxKeys: 3 }), fc.record(likely))
    .map(([any, good]) => ({ ...any, ...good }));
}

describe.each(ACTION_NAMES)("the input of %s", (name) => {
  const schema = findAction(name).input;
  const inputs = inputOf(Object.keys(schema.shape));

  it("read again after it lay on the queue is the same", () => {
    let accepted = 0;
    fc.assert(
      fc.property(inputs, (input) => {
        const once = schema.safeParse(input);
        if (!once.success) return;
        accepted += 1;
        expect(schema.parse(JSON.parse(JSON.stringify(once.data)))).toEqual(once.data);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(10);
  });

  it("is refused in short sentences that name an argument and what is allowed", () => {
    fc.assert(
      fc.property(fc.oneof(inputs, fc.anything()), (input) => {
        const parsed = schema.safeParse(input);
        if (parsed.success) return;
        const sentence = describeInvalid(parsed.error);
        for (const part of sentence.split("; allowed: ")) expect(part.length).toBeLessThan(1_500);
        expect(sentence).not.toMatch(/\bInvalid input\b|\bexpected\b/);
      }),
      { numRuns: 500 },
    );
  });
});
