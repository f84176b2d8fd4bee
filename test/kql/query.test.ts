/** The shape of built queries: source, window, clauses, order and limit, columns. */
import { describe, expect, it } from "vitest";
import { readFragment } from "../../src/kql/fragment.ts";
import { buildQuery, type TableQuery } from "../../src/kql/query.ts";
import { parseKql } from "../support/kusto.ts";

const window = { start: new Date("2026-03-18T09:00:00Z"), end: new Date("2026-03-18T10:00:00Z") };
const WINDOW = "datetime(2026-03-18T09:00:00.000Z)";
const WINDOW_END = "datetime(2026-03-18T10:00:00.000Z)";

function build(changes: Partial<TableQuery> & { fragment?: string }) {
  const { fragment = "", ...query } = changes;
  const { text, keeps } = readFragment(fragment);
  const built = buildQuery({
    tables: ["AlertInfo"],
    window,
    clauses: text,
    keeps,
    sort: { field: "Timestamp", order: "ASC" },
    limit: 50,
    fields: [],
    ...query,
  });
  expect(parseKql(built.kql).errors).toEqual([]);
  return { ...built, lines: built.kql.split("\n") };
}

describe("buildQuery", () => {
  it("puts one clause on a line, the limit before the columns", () => {
    const { kql, warnings } = build({
      tables: ["AlertInfo", "AlertEvidence"],
      fragment: `|where Severity == "High"`,
      fields: ["AlertId", "Title"],
    });
    expect(kql).toBe(
      [
        "union AlertInfo, AlertEvidence",
        `| where Timestamp >= ${WINDOW} and Timestamp < ${WINDOW_END}`,
        `| where Severity == "High"`,
        "| top 50 by Timestamp asc",
        "| project AlertId, Title",
      ].join("\n"),
    );
    expect(warnings).toEqual([]);
  });

  it("sorts by a field that is not returned", () => {
    const { lines } = build({ fields: ["AlertId"], sort: { field: "Severity", order: "DESC" }, limit: 7 });
    expect(lines.slice(-2)).toEqual(["| top 7 by Severity desc", "| project AlertId"]);
  });

  it("takes TimeGenerated as the time of Sentinel tables, also where the SOAR's default names Timestamp", () => {
    const { lines } = build({ tables: ["SigninLogs", "Contoso_CL"] });
    expect(lines).toEqual([
      "union SigninLogs, Contoso_CL",
      `| where TimeGenerated >= ${WINDOW} and TimeGenerated < ${WINDOW_END}`,
      "| top 50 by TimeGenerated asc",
    ]);
  });

  it("filters each table by its own time column when they differ", () => {
    const { lines } = build({ tables: ["AlertInfo", "SigninLogs", "DeviceTvmSoftwareInventory"] });
    expect(lines).toEqual([
      `union (AlertInfo | where Timestamp >= ${WINDOW} and Timestamp < ${WINDOW_END}), (SigninLogs | where TimeGenerated >= ${WINDOW} and TimeGenerated < ${WINDOW_END}), DeviceTvmSoftwareInventory`,
      "| top 50 by coalesce(Timestamp, TimeGenerated) asc",
    ]);
  });

  it("bounds a snapshot table that has no time column, and says that the window does not apply", () => {
    const { kql, warnings } = build({ tables: ["DeviceTvmSoftwareInventory"] });
    expect(kql).toBe("DeviceTvmSoftwareInventory\n| take 50");
    expect(warnings).toEqual([
      "The time frame was not applied to DeviceTvmSoftwareInventory: no time column.",
    ]);
  });

  it.each([
    ["| summarize count() by DeviceName", "| take 50"],
    ["| summarize max(Timestamp) by DeviceName | project-away DeviceName", "| top 50 by Timestamp asc"],
    ["| project DeviceName", "| take 50"],
    ["| project Timestamp, DeviceName", "| top 50 by Timestamp asc"],
    ["| where x in ((U | project y))", "| top 50 by Timestamp asc"],
    ["| extend a = 'project'", "| top 50 by Timestamp asc"],
  ])("bounds %s with %s", (fragment, limit) => {
    const { lines, warnings } = build({ fragment });
    expect(lines.at(-1)).toBe(limit);
    expect(warnings.length).toBe(limit === "| take 50" ? 1 : 0);
  });
});

describe("readFragment", () => {
  it.each([
    ["with a pipe", `|where A == 1`, `| where A == 1`],
    ["without a pipe", `where A == 1`, `| where A == 1`],
    ["with several clauses", `where A == 1 | extend B = 2`, `| where A == 1 | extend B = 2`],
    ["with a trailing comment", `| where A == 1 // only | one`, `| where A == 1`],
    ["with trailing semicolons", `| where A == 1 ; ; // done`, `| where A == 1`],
    ["with a comment in front", `// note\nwhere A == 1`, `| where A == 1`],
    ["with a comment inside", `where A == 1 // one\n or A == 2`, `| where A == 1 // one\n or A == 2`],
    ["of blanks and comments", ` // nothing\n ; `, ""],
    ["of a bare pipe", "|", ""],
    ["with a semicolon in a string", `where A == "x;y"`, `| where A == "x;y"`],
  ])("reads a fragment %s", (_case, given, expected) => {
    expect(readFragment(given).text).toBe(expected);
  });

  it.each([
    [
      "a second statement",
      "where A == 1; AlertInfo | take 1",
      "a second statement begins at line 1, column 15",
    ],
    ["a statement behind a comment", "where A == 1 // a\n; U", "line 2, column 3"],
    ["a let statement", "let x = 1; where A == x", "a second statement"],
    ["an open string", "where A == 'x", "not closed"],
    ["a chart", "where A == 1 | render timechart", "render at line 1, column 16"],
  ])("refuses %s", (_case, given, message) => {
    expect(() => readFragment(given)).toThrow(message);
  });
});
