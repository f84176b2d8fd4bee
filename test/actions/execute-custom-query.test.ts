/** Execute Custom Query: the caller's KQL, always bounded. */
import { describe, expect, it } from "vitest";
import { executeCustomQuery } from "../../src/actions/execute-custom-query.ts";
import { refusalOf, runHunt } from "../kql/hunting.ts";

describe("execute_custom_query", () => {
  it("is named, routed and permitted as the SOAR knows it", () => {
    expect(executeCustomQuery).toMatchObject({
      name: "execute_custom_query",
      title: "Execute Custom Query",
      lane: "hunting",
      effect: "read",
      permissions: ["ThreatHunting.Read.All"],
      failurePrefix: `Error executing action "Microsoft 365 Defender - Execute Custom Query" Reason: `,
    });
  });

  it("sends the query as it is, with the default limit on a line of its own, and no window", async () => {
    const { outcome, sent } = await runHunt(executeCustomQuery, {
      query: "AlertInfo | project AlertId // all;",
    });
    expect(sent).toEqual([{ kql: "AlertInfo | project AlertId\n| take 50" }]);
    expect(outcome).toMatchObject({
      isSuccess: true,
      message: `Successfully executed query "AlertInfo | project AlertId\n| take 50" in Microsoft 365 Defender`,
      query: { window: null, row_count: 1, truncated: false },
    });
  });

  it("bounds the query behind let statements", async () => {
    const query = "let since = ago(1d);\nAlertInfo | where Timestamp > since;";
    const { sent } = await runHunt(executeCustomQuery, { query, max_results_to_return: "5" });
    expect(sent).toEqual([{ kql: "let since = ago(1d);\nAlertInfo | where Timestamp > since\n| take 5" }]);
  });

  it("is completed without success when there are no rows", async () => {
    const { outcome } = await runHunt(executeCustomQuery, { query: "AlertInfo" }, { rows: 0 });
    expect(outcome).toMatchObject({
      isSuccess: false,
      reason: "no_rows",
      message: `No data was found for the query "AlertInfo\n| take 50" in Microsoft 365 Defender`,
      json: null,
    });
  });

  it("says what it left out and that the limit was reached", async () => {
    const query = "AlertInfo | summarize count() by Title | render piechart";
    const { outcome } = await runHunt(executeCustomQuery, { query, max_results_to_return: 1 });
    expect(outcome.warnings).toEqual([
      "render was left out of the query: results are rows, not charts.",
      "The limit of 1 rows was reached; there may be more.",
    ]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["no query", { query: " " }, `query: given " "; allowed: a KQL query`],
    ["a query of comments", { query: "// none" }, "the query is empty; allowed: one KQL query"],
    [
      "two queries",
      { query: "AlertInfo; AlertEvidence" },
      "the statement at line 1, column 1 is a query of its own",
    ],
    [
      "no rows asked for",
      { query: "AlertInfo", max_results_to_return: 0 },
      `"Max Results To Return" must be greater than 0.`,
    ],
    [
      "too many rows",
      { query: "AlertInfo", max_results_to_return: 1e6 },
      "given 1000000; allowed: 1 to 100000",
    ],
  ])("refuses %s at enqueue", (_case, input, message) => {
    expect(refusalOf(executeCustomQuery, input)).toContain(message);
  });
});
