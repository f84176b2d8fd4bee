/** The schemas of the query actions, whatever they are given. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { executeCustomQuery } from "../../src/actions/execute-custom-query.ts";
import { executeEntityQuery } from "../../src/actions/execute-entity-query.ts";
import { executeQuery } from "../../src/actions/execute-query.ts";
import { hostileText } from "./hostile-text.ts";

describe("the schemas of the query actions", () => {
  const actions = [executeQuery, executeEntityQuery, executeCustomQuery].map(
    ({ title, input }): [string, z.ZodObject] => [title, input],
  );
  const anything = fc.oneof(
    fc.constantFrom(null, undefined, "", " ", [], true, 0, "0", "true", "Select One"),
    fc.constantFrom(
      "last week",
      ["Custom"],
      "2026-01-31T08:00:00Z",
      "2026-02-01",
      ["DESC"],
      "and",
      7,
      "100000",
    ),
    fc.constantFrom("AlertInfo, ,AlertEvidence", ["SigninLogs"], "where A == 1;", "| take 3", "RemoteIP"),
    fc.constantFrom([{ Identifier: " WS-042 ", EntityType: "HOSTNAME" }]),
    hostileText,
  );

  it.each(actions)("%s: parse what they have parsed to the same", (_title, schema) => {
    const isCustom = !("table_names" in schema.shape);
    const needed = { case_id: 4711, ...(isCustom ? { query: "AlertInfo" } : { table_names: "AlertInfo" }) };
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(schema.shape)), anything, (name, sent) => {
        const once = schema.safeParse({ ...needed, [name]: sent });
        if (!once.success) return;
        accepted += 1;
        const asStored: unknown = JSON.parse(JSON.stringify(once.data));
        expect(schema.parse(asStored)).toEqual(once.data);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(500);
  });

  it.each(actions)("%s: can be given as JSON Schema, every argument described", (_title, schema) => {
    const { properties = {} } = z.toJSONSchema(schema, { io: "input" });
    const undescribed = Object.entries(properties).filter(
      ([, property]) => typeof property === "boolean" || !property.description,
    );
    expect(undescribed).toEqual([]);
    expect(Object.keys(properties)).toEqual(Object.keys(schema.shape));
  });
});
