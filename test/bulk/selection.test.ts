/** Selections, held against the simulator's own reader of OData. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isFilteredHere,
  matches,
  refuseFilter,
  toFilter,
  whereInput,
  whereSchema,
} from "../../src/bulk/selection.ts";
import { incidentSchema } from "../../src/contract/incident.ts";
import { parseFilter } from "../simulator/odata-filter.ts";
import { seedIncident } from "../simulator/seeds.ts";

const seeded = seedIncident(29, 60, "contoso", Date.parse("2026-03-01T00:00:00Z"));
const moments = fc
  .integer({ min: -3, max: 3 })
  .map((ms) => new Date(Date.parse(seeded.createdDateTime) + ms).toISOString());
const users = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("o'brien", "' or status ne '", "''", "null", "a) or (b"),
);

describe("a selection", () => {
  it("means the same to Graph as here, whatever a name holds", () => {
    const selections = fc.record(
      {
        status: fc.subarray(["active", "inProgress", "resolved"]),
        severity: fc.subarray(["high", "low"]),
        classification: fc.subarray(["unknown", "truePositive"]),
        assigned_to: fc.option(users),
        created_after: fc.option(moments),
        created_before: fc.option(moments),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(selections, fc.option(users), moments, (selection, assignedTo, created) => {
        const where = whereSchema.parse(selection);
        const sharp = created.replace("Z", "9999Z");
        const incident = { ...seeded, assignedTo, createdDateTime: sharp };
        const filter = toFilter(where);
        const graph = filter === null || parseFilter(filter)(incident);
        const here = matches(where, incidentSchema.parse(incident));
        // Names differ in nothing but case only here, where it is folded.
        const isCase =
          where.assigned_to !== assignedTo &&
          where.assigned_to?.toLowerCase() === (assignedTo ?? "").toLowerCase();
        if (!isCase) expect(here).toBe(graph);
      }),
      { numRuns: 500 },
    );
  });

  it("is asked for in labels, several of them, dates and nobody", () => {
    const where = whereInput.parse({
      status: "New, In Progress",
      classification: "Informational, Expected Activity",
      assigned_to: "None",
      created_after: "2026-01-01",
      created_before: "2026-02-01T08:00:00+01:00",
    });
    expect(toFilter(where)).toBe(
      "(status eq 'active' or status eq 'inProgress') and (classification eq 'informationalExpectedActivity') and " +
        "assignedTo eq null and createdDateTime ge 2026-01-01T00:00:00.000Z and createdDateTime lt 2026-02-01T07:00:00.000Z",
    );
    expect(isFilteredHere(where)).toBe(false);
  });

  it.each([
    [{ status: "open" }, 'given "open"; allowed: Active, In Progress, Resolved, Awaiting Action'],
    [{ severity: "high,urgent" }, 'given "urgent"; allowed: High'],
    [{ created_after: "yesterday" }, 'given "yesterday"; allowed: a date or time'],
    [{ updated_before: "2026-13-01" }, "allowed: a date or time"],
    [{ tag: "a,b" }, "given several; allowed: one tag"],
  ])("%j is refused", (selection, sentence) => {
    const { error } = whereInput.safeParse(selection);
    expect(error?.issues[0]?.message).toContain(sentence);
  });

  it("looks at title and tag here, in any case", () => {
    const incident = incidentSchema.parse({ ...seeded, displayName: "Ünusual Mail", customTags: ["Demo"] });
    const selects = (asked: object) => matches(whereInput.parse(asked), incident);
    expect(selects({ title_contains: "ünusual", tag: "demo" })).toBe(true);
    expect(selects({ title_contains: "mail rule" })).toBe(false);
    expect(selects({ tag: "dem" })).toBe(false);
    expect(isFilteredHere(whereInput.parse({ tag: "demo" }))).toBe(true);
  });

  it("joins raw OData as one operand and refuses what would reach beyond it", () => {
    const where = whereInput.parse({ severity: "low" });
    const filter = toFilter(where, "status eq 'active' or status eq 'resolved'");
    expect(parseFilter(filter ?? "")(seeded)).toBe(false);
    expect(refuseFilter("status eq 'active') or (status eq 'resolved'")).toMatch(
      /^given .*allowed: OData whose/,
    );
    expect(refuseFilter("status eq 'active'")).toBeNull();
  });
});
