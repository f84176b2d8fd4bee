/** What a run may be asked for with. */
import { userInfo } from "node:os";
import { describe, expect, it } from "vitest";
import { checkRequest, type ReclassifyRequest } from "../../../producers/bulk/request.ts";
import { refuseSize } from "../../../producers/bulk/size.ts";
import { runSpecSchema } from "../../../src/bulk/run.ts";

const RESOLVE = { change: { status: "Resolved" } };
const refusalOf = (request: ReclassifyRequest): string => {
  try {
    checkRequest(request);
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
  return "accepted";
};

it("becomes a spec that can be kept, in Graph's words", () => {
  const { spec, rows } = checkRequest({
    where: { status: "Active, In Progress", assigned_to: "none" },
    filter: "severity eq 'low'",
    change: { classification: "False Positive", determination: "Not Malicious", comment: "{displayName}" },
  });
  expect(rows).toBeNull();
  expect(runSpecSchema.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  expect(spec).toMatchObject({
    case_id: `bulk-${spec.run_id}`,
    instance: "default",
    owner: userInfo().username,
    kind: "reclassify",
    selection: {
      kind: "filter",
      where: { status: ["active", "inProgress"], unassigned: true },
      filter: "severity eq 'low'",
    },
    change: { classification: "falsePositive", determination: "notMalicious", comment: "{displayName}" },
    verify: true,
    limit: null,
    max_failures: { percent: 5 },
  });
});

it("keeps what is said of it", () => {
  const said = { caseId: "4711", owner: "ada", instance: "contoso", requestedBy: "grace", verify: false };
  const { spec, rows } = checkRequest({ ...RESOLVE, ids: [1], ...said, limit: 7, maxFailures: { count: 0 } });
  expect(rows).not.toBeNull();
  expect(spec).toMatchObject({
    case_id: "4711",
    owner: "ada",
    instance: "contoso",
    requested_by: "grace",
    verify: false,
    limit: 7,
    max_failures: { count: 0 },
  });
});

describe("is refused", () => {
  const refused: [string, ReclassifyRequest, string][] = [
    ["without any selection", RESOLVE, "selection: given nothing; allowed: where, filter, ids or from"],
    ["with an empty one", { ...RESOLVE, where: { status: "" }, filter: " " }, "selection: given nothing"],
    ["with two selections", { ...RESOLVE, ids: [1], filter: "x eq 1" }, "selection: given filter and ids"],
    ["with OData that would reach out", { ...RESOLVE, filter: "x eq 1) or (1 eq 1" }, "filter: given"],
    [
      "with a bad word",
      { ...RESOLVE, where: { severity: "huge" } },
      'where.severity: given "huge"; allowed: High',
    ],
    [
      "with a bad time",
      { ...RESOLVE, where: { created_after: "soon" } },
      'where.created_after: given "soon"',
    ],
    ["without a change", { ids: [1], change: {} }, "at least one of the parameters"],
    [
      "with a bad pair",
      { ids: [1], change: { classification: "False Positive", determination: "Malware" } },
      "determination: given",
    ],
    ["with a bad template", { ids: [1], change: { comment: "{nme}" } }, 'comment: given "{nme}"'],
    [
      "with a limit of none",
      { ...RESOLVE, ids: [1], limit: 0 },
      "limit: given 0; allowed: a whole number from 1 on",
    ],
    ["with a bad instance", { ...RESOLVE, ids: [1], instance: "No!" }, "instance: "],
  ];
  it.each(refused)("%s", (_, request, sentence) => {
    expect(refusalOf(request)).toContain(sentence);
  });
});

it("over 5,000 incidents somebody must have said how many", () => {
  expect(refuseSize(5_000, { limit: null })).toBeNull();
  expect(refuseSize(5_001, { limit: null })).toContain(
    "allowed: up to 5000, and more with limit or with expect 5001",
  );
  expect(refuseSize(5_001, { limit: 6_000 })).toBeNull();
  expect(refuseSize(5_001, { limit: null, expect: 5_001 })).toBeNull();
  expect(refuseSize(10, { limit: null, expect: 11 })).toBe("expect: given 11; the selection is 10 incidents");
});
