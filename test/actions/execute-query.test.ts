/** Execute Query: every label, default and message of `reference/actions.md` part 2, section 6. */
import { describe, expect, it } from "vitest";
import { executeQuery } from "../../src/actions/execute-query.ts";
import { refusalOf, runHunt } from "../kql/hunting.ts";

const LAST_HOUR =
  "| where Timestamp >= datetime(2026-03-18T09:30:00.000Z) and Timestamp < datetime(2026-03-18T10:30:00.000Z)";

const hunt = (input: Record<string, unknown>, options?: Parameters<typeof runHunt>[2]) =>
  runHunt(executeQuery, { table_names: "AlertInfo", ...input }, options);

describe("execute_query", () => {
  it("is named, routed and permitted as the SOAR knows it", () => {
    expect(executeQuery).toMatchObject({
      name: "execute_query",
      title: "Execute Query",
      lane: "hunting",
      effect: "read",
      permissions: ["ThreatHunting.Read.All"],
      failurePrefix: `Error executing action "Execute Query." Reason: `,
    });
  });

  it("applies the SOAR's defaults to a call with only the required arguments", async () => {
    const { sent } = await hunt({});
    expect(sent).toEqual([{ kql: `AlertInfo\n${LAST_HOUR}\n| top 50 by Timestamp asc` }]);
  });

  it("applies the same defaults where arguments are empty", async () => {
    const empty = {
      query: "",
      time_frame: [],
      start_time: "",
      end_time: null,
      fields_to_return: " ",
      sort_field: "",
    };
    const { sent } = await hunt({ ...empty, sort_order: [""], max_results_to_return: "" });
    expect(sent).toEqual([{ kql: `AlertInfo\n${LAST_HOUR}\n| top 50 by Timestamp asc` }]);
  });

  it("puts every argument in its place", async () => {
    const { sent } = await hunt({
      table_names: "AlertInfo, , AlertEvidence,",
      query: `|where Severity == "High" // only those`,
      time_frame: ["Last 6 Hours"],
      fields_to_return: ["AlertId", "Title", ""],
      sort_field: "Severity",
      sort_order: ["desc"],
      max_results_to_return: "7",
    });
    expect(sent[0]?.kql.split("\n")).toEqual([
      "union AlertInfo, AlertEvidence",
      LAST_HOUR.replace("T09:30", "T04:30"),
      `| where Severity == "High"`,
      "| top 7 by Severity desc",
      "| project AlertId, Title",
    ]);
  });

  it.each([
    ["Last Hour", "2026-03-18T09:30:00.000Z", "2026-03-18T10:30:00.000Z"],
    ["last 6 hours", "2026-03-18T04:30:00.000Z", "2026-03-18T10:30:00.000Z"],
    [["Last 24 Hours"], "2026-03-17T10:30:00.000Z", "2026-03-18T10:30:00.000Z"],
    ["LAST WEEK", "2026-03-09T00:00:00.000Z", "2026-03-16T00:00:00.000Z"],
    ["last_month", "2026-02-16T10:30:00.000Z", "2026-03-01T00:00:00.000Z"],
  ])("reads the time frame %j, as of the time of enqueue", async (time_frame, start, end) => {
    const { outcome } = await hunt({ time_frame });
    expect(outcome.query?.window).toEqual({ start, end });
  });

  it("says in the SOAR's words what it found, and gives rows, schema and window", async () => {
    const { outcome, sent } = await hunt({}, { rows: 3 });
    expect(outcome).toMatchObject({
      isSuccess: true,
      message: `Successfully executed query "${sent[0]?.kql}" in Microsoft 365 Defender`,
      warnings: [],
      query: {
        kql: sent[0]?.kql,
        window: { start: "2026-03-18T09:30:00.000Z", end: "2026-03-18T10:30:00.000Z" },
        schema: [{ name: "AlertId", type: "String" }],
        row_count: 3,
        truncated: false,
      },
      rows: { rowCount: 3 },
    });
  });

  it("is completed without success when there are no rows", async () => {
    const { outcome, sent } = await hunt({}, { rows: 0 });
    expect(outcome).toMatchObject({
      isSuccess: false,
      reason: "no_rows",
      message: `No data was found for the query "${sent[0]?.kql}" in Microsoft 365 Defender`,
      json: null,
      query: { row_count: 0, truncated: false },
    });
    expect(outcome.rows).toBeUndefined();
  });

  it("says when the limit was reached", async () => {
    const { outcome } = await hunt({ max_results_to_return: 2 }, { rows: 2 });
    expect(outcome.query?.truncated).toBe(true);
    expect(outcome.warnings).toEqual(["The limit of 2 rows was reached; there may be more."]);
  });

  it("asks for no more than the service keeps, and names the time that is lost", async () => {
    const { outcome, sent } = await hunt({ time_frame: "Last Month" });
    expect(outcome.warnings).toEqual([
      "AlertInfo: only 30 days are kept; lost is the time from 2026-02-01T00:00:00.000Z to 2026-02-16T10:30:00.000Z (UTC).",
    ]);
    const window = { start: "2026-02-16T10:30:00.000Z", end: "2026-03-01T00:00:00.000Z" };
    expect(outcome.query?.window).toEqual(window);
    expect(sent[0]?.kql).toContain(`>= datetime(${window.start}) and Timestamp < datetime(${window.end})`);
    expect(sent[0]?.timespan).toBeUndefined();
  });

  it("asks as it was told where all of the window is lost, and says so", async () => {
    const enqueuedAt = new Date("2026-03-31T10:30:00Z");
    const { outcome, sent } = await hunt({ time_frame: "Last Month" }, { enqueuedAt });
    expect(outcome.warnings).toEqual([
      "AlertInfo: only 30 days are kept; lost is the time from 2026-02-01T00:00:00.000Z to 2026-03-01T00:00:00.000Z (UTC).",
    ]);
    expect(sent[0]?.timespan).toBe("2026-02-01T00:00:00.000Z/2026-03-01T00:00:00.000Z");
  });

  it("shortens the window of native tables alone beside tables that keep longer", async () => {
    const { outcome, sent } = await hunt({ table_names: "AlertInfo, SigninLogs", time_frame: "Last Month" });
    expect(sent[0]?.kql).toContain("AlertInfo | where Timestamp >= datetime(2026-02-16T10:30:00.000Z)");
    expect(sent[0]?.kql).toContain("SigninLogs | where TimeGenerated >= datetime(2026-02-01T00:00:00.000Z)");
    expect(sent[0]?.timespan).toBe("2026-02-01T00:00:00.000Z/2026-03-01T00:00:00.000Z");
    expect(outcome.query?.window?.start).toBe("2026-02-01T00:00:00.000Z");
  });

  it("sends the window as timespan for tables that keep longer, without a warning", async () => {
    const { outcome, sent } = await hunt({ table_names: "SigninLogs", time_frame: "Last Month" });
    expect(outcome.warnings).toEqual([]);
    expect(sent[0]?.timespan).toBe("2026-02-01T00:00:00.000Z/2026-03-01T00:00:00.000Z");
    const recent = await hunt({ table_names: "SigninLogs" });
    expect(recent.sent[0]?.timespan).toBe("2026-03-18T09:30:00.000Z/2026-03-18T10:30:00.000Z");
  });

  it("fails for a start that lies after the time of enqueue", async () => {
    const enqueuedAt = new Date("2020-01-01T00:00:00Z");
    const asked = hunt({ time_frame: "Custom", start_time: "2020-01-02T00:00:00Z" }, { enqueuedAt });
    await expect(asked).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("execute_query refuses at enqueue", () => {
  const NAME_RULE =
    "allowed: a name of letters, digits and _ that starts with a letter or _, at most 128 long";
  it.each<[string, Record<string, unknown>, string]>([
    ["no tables", { table_names: " , " }, `table_names: given " , "; allowed: at least one name`],
    [
      "a table with a clause",
      { table_names: "AlertInfo | take 1" },
      `table_names: given "AlertInfo | take 1"; ${NAME_RULE}`,
    ],
    [
      "a field that is no name",
      { fields_to_return: "A, b c" },
      `fields_to_return: given "b c"; ${NAME_RULE}`,
    ],
    [
      "a sort field that is no name",
      { sort_field: "A desc, B" },
      `sort_field: given "A desc, B"; ${NAME_RULE}`,
    ],
    [
      "an unknown time frame",
      { time_frame: "Last Year" },
      `time_frame: given "Last Year"; allowed: Last Hour, Last 6 Hours, Last 24 Hours, Last Week, Last Month, Custom`,
    ],
    ["an unknown order", { sort_order: "up" }, `sort_order: given "up"; allowed: ASC, DESC`],
    [
      "no rows asked for",
      { max_results_to_return: "0" },
      `max_results_to_return: "Max Results To Return" must be greater than 0.`,
    ],
    [
      "a negative limit",
      { max_results_to_return: -5 },
      `max_results_to_return: "Max Results To Return" must be greater than 0.`,
    ],
    [
      "a limit above the service's",
      { max_results_to_return: 100_001 },
      "max_results_to_return: given 100001; allowed: 1 to 100000",
    ],
    [
      "a limit that is no number",
      { max_results_to_return: "many" },
      `max_results_to_return: given "many"; allowed: a whole number from 1 on`,
    ],
    [
      "a custom frame without a start",
      { time_frame: "Custom" },
      `start_time: "Start Time" should be provided, when "Custom" is selected in "Time Frame" parameter.`,
    ],
    [
      "a start that is no time",
      { time_frame: "Custom", start_time: "yesterday" },
      `start_time: given "yesterday"; allowed: ISO 8601`,
    ],
    [
      "a start at the end",
      { time_frame: "Custom", start_time: "2026-01-02", end_time: "2026-01-02" },
      `start_time: given "2026-01-02"; allowed: a time before the end, 2026-01-02T00:00:00.000Z`,
    ],
    [
      "a start in the future",
      { time_frame: "Custom", start_time: "2999-01-01T00:00:00Z" },
      `start_time: given "2999-01-01T00:00:00Z"; allowed: a time before`,
    ],
    [
      "a second statement",
      { query: "where A == 1; AlertEvidence" },
      `query: given "where A == 1; AlertEvidence"; a second statement begins at line 1, column 15`,
    ],
    ["an open string", { query: `where A == "x` }, "query: given"],
    ["an argument that it does not have", { limit: 5 }, `no argument is named "limit"`],
  ])("%s", (_case, input, message) => {
    expect(refusalOf(executeQuery, { table_names: "AlertInfo", ...input })).toContain(message);
  });

  it("nothing of a good call", () => {
    expect(refusalOf(executeQuery, { table_names: "AlertInfo", max_results_to_return: 100_000 })).toBeNull();
  });
});
