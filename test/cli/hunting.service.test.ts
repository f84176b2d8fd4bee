/** The query actions from the command line: with the SOAR's arguments, and with all entity keys left out, the right rows. */
import { expect, it } from "vitest";
import { z } from "zod";
import { installForFile, resultOf } from "./installation.ts";

const installation = installForFile({ worker: true });
const rowsSchema = z.array(z.looseObject({ ReportId: z.unknown() }));

const ADDRESS = { Identifier: "203.0.113[.]10", EntityType: "ADDRESS" };
const HOST = { Identifier: "WS-01", EntityType: "HOSTNAME" };
const USER = { Identifier: "CONTOSO\\ada", EntityType: "USERUNIQNAME" };
const CASE = { case_id: "hunting", alert_group_identifiers: [] };

async function ask(action: string, input: object) {
  const ended = await installation.enqueue(action, { ...CASE, ...input }, "--wait", "45");
  expect(ended).toMatchObject({ code: 0, err: "" });
  return resultOf(ended);
}

async function reportsOf(input: object): Promise<unknown[]> {
  const { json_result } = await ask("execute_entity_query", input);
  return rowsSchema.parse(json_result ?? []).map(({ ReportId }) => ReportId);
}

const KEYS = {
  ip_entity_key: "RemoteIP",
  hostname_entity_key: "DeviceName",
  user_entity_key: "InitiatingProcessAccountName",
};

it.each([
  ["with entity keys", KEYS],
  ["with all entity keys left out", { stop_if_not_enough_entities: false }],
])("an entity query %s finds these rows and no others", async (_case, keys) => {
  const asked = { table_names: "DeviceNetworkEvents", time_frame: ["Last Hour"], ...keys };
  const all = { ...asked, target_entities: [ADDRESS, HOST, USER] };
  // Of the last hour's four events, the first and the last have that address; the first alone that host and user.
  expect(await reportsOf({ ...all, cross_entity_operator: ["OR"] })).toEqual([7003, 7000]);
  expect(await reportsOf({ ...all, cross_entity_operator: ["AND"], sort_order: ["DESC"] })).toEqual([7000]);
  const stranger = [{ Identifier: "203.0.113.1", EntityType: "ADDRESS" }, HOST, USER];
  expect(await reportsOf({ ...asked, target_entities: stranger, cross_entity_operator: "AND" })).toEqual([]);
});

it("the documented query over two tables finds the alerts of that severity", async () => {
  const { json_result, kql } = await ask("execute_query", {
    table_names: "AlertInfo, AlertEvidence",
    time_frame: ["Last Hour"],
    query: `| where Severity == "High"`,
    fields_to_return: "Timestamp, AlertId",
  });
  const rows = z.array(z.strictObject({ Timestamp: z.string(), AlertId: z.string() })).parse(json_result);
  expect(rows).toHaveLength(4);
  expect(rows.map(({ Timestamp }) => Timestamp)).toEqual(rows.map(({ Timestamp }) => Timestamp).sort());
  expect(kql).toContain("union AlertInfo, AlertEvidence");
});

it("a custom query that is no KQL fails with its place, and costs no call", async () => {
  const query = "AlertInfo | where Severity === 'High'";
  const ended = await installation.enqueue("execute_custom_query", { ...CASE, query }, "--wait", "45");
  expect(ended.code).toBe(1);
  expect(resultOf(ended).error).toMatchObject({
    code: "invalid_query",
    http_status: null,
    message: expect.stringContaining("line 1, column 30"),
  });
});

it("a custom query finds what it asks for", async () => {
  const { json_result, row_count } = await ask("execute_custom_query", {
    query: "DeviceNetworkEvents | where Timestamp > ago(1h) | summarize Calls = count() by RemoteIP",
    max_results_to_return: "50",
  });
  expect(row_count).toBe(3);
  expect(json_result).toContainEqual({ RemoteIP: "203.0.113.10", Calls: 2 });
});
