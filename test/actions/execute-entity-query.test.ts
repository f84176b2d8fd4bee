/** Execute Entity Query: its defaults, its words, and that it never asks for everything by accident. */
import { describe, expect, it } from "vitest";
import { executeEntityQuery } from "../../src/actions/execute-entity-query.ts";
import { refusalOf, runHunt } from "../kql/hunting.ts";

const ADDRESS = { Identifier: "192.0.2.7", EntityType: "ADDRESS" };
const HOST = { Identifier: "WS-042.CONTOSO.COM", EntityType: "HOSTNAME" };
const KEYS = { ip_entity_key: "RemoteIP", hostname_entity_key: "DeviceName" };

const hunt = (input: Record<string, unknown>, options?: Parameters<typeof runHunt>[2]) =>
  runHunt(executeEntityQuery, { table_names: "DeviceNetworkEvents", ...input }, options);

describe("execute_entity_query", () => {
  it("is named, routed and permitted as the SOAR knows it", () => {
    expect(executeEntityQuery).toMatchObject({
      name: "execute_entity_query",
      title: "Execute Entity Query",
      lane: "hunting",
      effect: "read",
      permissions: ["ThreatHunting.Read.All"],
      failurePrefix: `Error executing action "Execute Entity Query." Reason: `,
    });
  });

  it("filters by the entities of all named kinds, joined by OR unless told otherwise", async () => {
    const { outcome, sent } = await hunt({ ...KEYS, target_entities: [ADDRESS, HOST] });
    expect(sent[0]?.kql.split("\n")).toEqual([
      "DeviceNetworkEvents",
      "| where Timestamp >= datetime(2026-03-18T09:30:00.000Z) and Timestamp < datetime(2026-03-18T10:30:00.000Z)",
      "| where (RemoteIP in~ ('192.0.2.7', '::ffff:192.0.2.7')) or (DeviceName in~ ('WS-042.CONTOSO.COM', 'WS-042'))",
      "| top 50 by Timestamp asc",
    ]);
    expect(outcome).toMatchObject({
      isSuccess: true,
      message: `Successfully executed query "${sent[0]?.kql}" in Microsoft 365 Defender`,
    });
  });

  it.each(["AND", "and", ["And"]])("joins kinds by AND when given %j", async (cross_entity_operator) => {
    const { sent } = await hunt({ ...KEYS, cross_entity_operator, target_entities: [ADDRESS, HOST] });
    expect(sent[0]?.kql).toContain(") and (DeviceName");
  });

  it("is completed without success when there are no rows", async () => {
    const { outcome, sent } = await hunt({ ...KEYS, target_entities: [ADDRESS, HOST] }, { rows: 0 });
    expect(outcome).toMatchObject({
      isSuccess: false,
      reason: "no_rows",
      message: `No data was found for the query "${sent[0]?.kql}" in Microsoft 365 Defender`,
    });
  });

  it("stops, unless told otherwise, when a named kind has no entity", async () => {
    const { outcome, sent } = await hunt({ ...KEYS, target_entities: [ADDRESS] });
    expect(sent).toEqual([]);
    expect(outcome).toMatchObject({
      kind: "done",
      isSuccess: false,
      reason: "not_enough_entities",
      json: null,
      message: `Action wasn't able to build the query, because not enough entity types were supplied for the specified ".. Entity Keys". Please disable "Stop If Not Enough Entities" parameter or provide at least one entity for each specified ".. Entity Key".`,
    });
  });

  it("goes on with the kinds that are there when told to, and says which took no part", async () => {
    const { outcome, sent } = await hunt({
      ...KEYS,
      stop_if_not_enough_entities: "false",
      target_entities: [ADDRESS],
    });
    expect(sent[0]?.kql).toContain("\n| where RemoteIP in~ ('192.0.2.7', '::ffff:192.0.2.7')\n");
    expect(outcome.warnings).toEqual(["No entity fits hostname_entity_key; it took no part in the query."]);
  });

  it.each<[string, Record<string, unknown>]>([
    ["no entities", { ...KEYS }],
    ["an empty list of entities", { ...KEYS, target_entities: [] }],
    ["no keys and a table without entities", { table_names: "AlertInfo", target_entities: [ADDRESS] }],
    [
      "keys of other kinds",
      { file_hash_entity_key: "InitiatingProcessSHA1", target_entities: [ADDRESS, HOST] },
    ],
    [
      "types that no query uses",
      { ...KEYS, target_entities: [{ Identifier: "CVE-2026-1", EntityType: "CVE" }] },
    ],
  ])("sends nothing with %s, whether it stops or not", async (_case, input) => {
    for (const stop_if_not_enough_entities of [true, false]) {
      const { outcome, sent } = await hunt({ ...input, stop_if_not_enough_entities });
      expect(sent).toEqual([]);
      expect(outcome).toMatchObject({ isSuccess: false, reason: "not_enough_entities" });
    }
  });

  it("needs no keys: each table is asked for the columns that it has, in a query of its own", async () => {
    const { sent, outcome } = await hunt({
      table_names: "DeviceLogonEvents, UrlClickEvents, AlertInfo",
      stop_if_not_enough_entities: false,
      target_entities: [ADDRESS],
    });
    const window =
      "Timestamp >= datetime(2026-03-18T09:30:00.000Z) and Timestamp < datetime(2026-03-18T10:30:00.000Z)";
    const list = "in~ ('192.0.2.7', '::ffff:192.0.2.7')";
    expect(sent[0]?.kql.split("\n")).toEqual([
      `union (DeviceLogonEvents | where ${window} | where RemoteIP ${list}), (UrlClickEvents | where ${window} | where IPAddress ${list})`,
      "| top 50 by Timestamp asc",
    ]);
    expect(outcome.warnings).toEqual(["AlertInfo gives no rows: it has no column for these entities: ip."]);
  });

  it("says to pass entities when there are none", async () => {
    const { outcome } = await hunt({ ...KEYS });
    expect(outcome.message).toBe(
      `No query was sent: "target_entities" is empty. Pass the entities to query by, for only the SOAR can resolve a scope.`,
    );
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      "a key that is no name",
      { ip_entity_key: "RemoteIP or 1==1" },
      `ip_entity_key: given "RemoteIP or 1==1"; allowed: a name`,
    ],
    [
      "a key that is no column of the table",
      { ip_entity_key: "RemoteIp" },
      `ip_entity_key: given "RemoteIp"; allowed: a column of DeviceEvents, such as RemoteIP`,
    ],
    [
      "an unknown operator",
      { cross_entity_operator: "XOR" },
      `cross_entity_operator: given "XOR"; allowed: OR, AND`,
    ],
    [
      "a flag that is none",
      { stop_if_not_enough_entities: "maybe" },
      `stop_if_not_enough_entities: given "maybe"; allowed: true or false`,
    ],
    [
      "an entity with NUL",
      { target_entities: [{ Identifier: "a\0b", EntityType: "HOSTNAME" }] },
      `target_entities.0.Identifier: given "a\\u0000b"; allowed: text without NUL`,
    ],
    ["a custom frame without a start", { time_frame: "Custom" }, `"Start Time" should be provided`],
  ])("refuses %s at enqueue", (_case, input, message) => {
    expect(refusalOf(executeEntityQuery, { table_names: "DeviceEvents", ...input })).toContain(message);
  });
});
