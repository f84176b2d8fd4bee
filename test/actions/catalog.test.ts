/** Every label, default and message of the SOAR vendor's own integration, section by section (`actions.md` part 2), and that no action is forgotten. */
import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ACTION_NAMES, catalog, findAction } from "../../src/actions/catalog.ts";
import { Failure } from "../../src/contract/failure.ts";
import { failedFindings } from "../../src/engine/findings.ts";

const ENVELOPE = ["case_id", "alert_group_identifiers", "target_entities", "scope"];
const QUERY = ["time_frame", "start_time", "end_time", "fields_to_return", "sort_field", "sort_order"];
const KEYS = ["ip", "hostname", "file_hash", "user", "url", "email_address"].map(
  (kind) => `${kind}_entity_key`,
);

describe("the catalog", () => {
  it("holds every file of the folder", async () => {
    const files = await readdir(new URL("../../src/actions/", import.meta.url));
    const names = files.filter((file) => file !== "catalog.ts").map((file) => file.replace(".ts", ""));
    expect([...ACTION_NAMES].map((name) => name.replaceAll("_", "-")).sort()).toEqual(names.sort());
  });

  it("knows each action by its own name, and refuses others by naming all", () => {
    for (const name of ACTION_NAMES) expect(findAction(name)).toMatchObject({ name });
    for (const name of ["close_incident", "", "constructor", "__proto__"])
      expect(() => findAction(name)).toThrow(
        `action: given ${JSON.stringify(name)}; allowed: update_incident, add_comment_to_incident, execute_query, execute_entity_query, execute_custom_query, ping`,
      );
  });
});

describe("as the SOAR describes them (part 1)", () => {
  it.each([
    [
      "update_incident",
      ["incident_id", "status", "classification", "determination", "assign_to"],
      ["unassign", "add_tags", "remove_tags", "resolving_comment", "follow_redirect"],
    ],
    ["add_comment_to_incident", ["incident_id", "comment"], []],
    ["ping", [], []],
    ["execute_query", ["table_names", "query", ...QUERY, "max_results_to_return"], []],
    [
      "execute_entity_query",
      [
        "table_names",
        "stop_if_not_enough_entities",
        "cross_entity_operator",
        ...QUERY,
        ...KEYS,
        "max_results_to_return",
      ],
      [],
    ],
    ["execute_custom_query", ["query", "max_results_to_return"], []],
  ] as const)("%s has its arguments and no others but ours", (name, theirs, ours) => {
    const names = Object.keys(findAction(name).input.shape);
    expect(names.sort()).toEqual([...ENVELOPE, ...theirs, ...ours].sort());
  });

  it("every argument is described", () => {
    for (const name of ACTION_NAMES) {
      const schema = z
        .object({ properties: z.record(z.string(), z.object({ description: z.string().min(1) }).loose()) })
        .parse(z.toJSONSchema(findAction(name).input, { io: "input" }));
      expect(Object.keys(schema.properties)).toEqual(Object.keys(findAction(name).input.shape));
    }
  });

  it.each([
    ["update_incident", "incidents", "write", ["SecurityIncident.ReadWrite.All"]],
    ["add_comment_to_incident", "incidents", "write", ["SecurityIncident.ReadWrite.All"]],
    ["ping", "ping", "read", ["SecurityIncident.Read.All", "ThreatHunting.Read.All"]],
    ["execute_query", "hunting", "read", ["ThreatHunting.Read.All"]],
    ["execute_entity_query", "hunting", "read", ["ThreatHunting.Read.All"]],
    ["execute_custom_query", "hunting", "read", ["ThreatHunting.Read.All"]],
  ] as const)("%s spends from %s, is a %s and needs %j", (name, lane, effect, permissions) => {
    expect(catalog[name]).toMatchObject({ lane, effect, permissions });
  });
});

describe("the text of a failure (part 2, sections 5 and 6.6)", () => {
  it.each([
    ["5.1 Ping", "ping", "Failed to connect to the Microsoft 365 Defender server! Error is X"],
    ["5.2 Update Incident", "update_incident", 'Error executing action "Update Incident". Reason: X'],
    [
      "5.3 Add Comment To Incident",
      "add_comment_to_incident",
      'Error executing action "Add Comment To Incident". Reason: X',
    ],
    ["6.6 Execute Query", "execute_query", 'Error executing action "Execute Query." Reason: X'],
    [
      "6.6 Execute Entity Query",
      "execute_entity_query",
      'Error executing action "Execute Entity Query." Reason: X',
    ],
    [
      "6.6 Execute Custom Query",
      "execute_custom_query",
      'Error executing action "Microsoft 365 Defender - Execute Custom Query" Reason: X',
    ],
  ] as const)("%s", (_section, name, text) => {
    const findings = failedFindings(findAction(name), new Failure("not_found", "X"));
    expect(findings).toMatchObject({ output_message: text, is_success: false, json_result: null });
  });
});

describe("the labels and defaults of the incident actions (part 2, section 5.2)", () => {
  const read = (input: object) =>
    catalog.update_incident.input.parse({ case_id: "1", incident_id: 29, add_tags: "x", ...input });

  it.each([
    ["Select One", null],
    ["Active", "active"],
    ["Resolved", "resolved"],
  ])("status %s", (label, value) => {
    expect(read({ status: [label] }).status).toBe(value);
  });

  it.each([
    ["Select One", null],
    ["False Positive", "falsePositive"],
    ["True Positive", "truePositive"],
  ])("classification %s", (label, value) => {
    expect(read({ classification: label }).classification).toBe(value);
  });

  it.each([
    ["Select One", null],
    ["Not Available", "unknown"],
    ["Apt", "apt"],
    ["Malware", "malware"],
    ["Security Personnel", "securityPersonnel"],
    ["Security Testing", "securityTesting"],
    ["Unwanted Software", "unwantedSoftware"],
    ["Other", "other"],
  ])("determination %s is accepted with true positive", (label, value) => {
    expect(read({ classification: "True Positive", determination: label }).determination).toBe(value);
  });

  it("nothing chosen is nothing set", () => {
    const nothing = { status: null, classification: null, determination: null, assign_to: null };
    expect(read({})).toMatchObject({ ...nothing, unassign: false, follow_redirect: false });
    expect(read({ assign_to: "Select One" })).toMatchObject(nothing);
  });
});
