/** What SOARs really send, and the one sentence with which the rest is refused. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  actionInput,
  flag,
  incidentId,
  optionalText,
  requiredList,
  requiredText,
  textList,
  wholeNumber,
} from "../../src/contract/arguments.ts";
import { describeInvalid } from "../../src/contract/failure.ts";
import { show } from "../../src/contract/refusal.ts";

const schema = actionInput({
  incident_id: incidentId,
  comment: requiredText("The comment."),
  table_names: requiredList("Tables."),
  fields: textList("Fields."),
  assign_to: optionalText("Assignee."),
  limit: wholeNumber("Rows.", 50, 1, "must be greater than 0"),
  stop: flag("Stop.", true),
});
const GOOD = { case_id: "4711", incident_id: "29", comment: "Seen.", table_names: "AlertInfo" };

function read(change: object) {
  return schema.parse({ ...GOOD, ...change });
}

function refusal(change: object): string {
  const parsed = schema.safeParse({ ...GOOD, ...change });
  return parsed.success ? "accepted" : describeInvalid(parsed.error);
}

describe("an argument", () => {
  it("that is missing or empty gets its documented default", () => {
    const defaults = {
      alert_group_identifiers: [],
      target_entities: [],
      scope: "All entities",
      fields: [],
      assign_to: null,
      limit: 50,
      stop: true,
    };
    expect(read({})).toEqual({ ...GOOD, ...defaults, table_names: ["AlertInfo"] });
    const empty = { alert_group_identifiers: "", target_entities: null, scope: "", fields: "", limit: "" };
    expect(read({ ...empty, assign_to: " ", stop: [] })).toEqual(read({}));
  });

  it.each([
    ["case_id", 4711, "4711"],
    ["case_id", " CASE-1 ", "CASE-1"],
    ["incident_id", 29, "29"],
    ["incident_id", ["0029"], "29"],
    ["incident_id", "0", "0"],
    ["limit", "25", 25],
    ["limit", [7], 7],
    ["limit", "+7", 7],
    ["stop", "False", false],
    ["stop", "YES", true],
    ["stop", "0", false],
    ["stop", 1, true],
    ["stop", [false], false],
    ["fields", "Timestamp, AlertId,,Timestamp", ["Timestamp", "AlertId"]],
    ["fields", ["Timestamp", " ", "AlertId"], ["Timestamp", "AlertId"]],
    ["fields", ["a,b"], ["a,b"]],
    ["alert_group_identifiers", "group-1", ["group-1"]],
    ["alert_group_identifiers", ["group-1", 2], ["group-1", "2"]],
    ["scope", "Malicious entities", "Malicious entities"],
  ])("%s may be given as %j", (name, sent, value) => {
    expect(read({ [name]: sent })).toHaveProperty(name, value);
  });

  it.each([
    ["case_id", "", 'case_id: given ""; allowed: text that is not empty'],
    ["case_id", undefined, "case_id: missing; allowed: text that is not empty"],
    ["case_id", null, "case_id: given null; allowed: text that is not empty"],
    ["incident_id", "INC-29", 'incident_id: given "INC-29"; allowed: the number of an incident, such as 29'],
    ["incident_id", -1, "incident_id: given -1; allowed: the number of an incident, such as 29"],
    ["incident_id", 1.5, "incident_id: given 1.5; allowed: the number of an incident, such as 29"],
    ["incident_id", 29n, "incident_id: given 29; allowed: the number of an incident, such as 29"],
    ["comment", ["a", "b"], 'comment: given ["a","b"]; allowed: text that is not empty'],
    ["comment", { text: "a" }, 'comment: given {"text":"a"}; allowed: text that is not empty'],
    ["limit", "many", 'limit: given "many"; allowed: a whole number from 1 on'],
    ["limit", 0, "limit: must be greater than 0"],
    ["limit", "1e3", 'limit: given "1e3"; allowed: a whole number from 1 on'],
    ["stop", "perhaps", 'stop: given "perhaps"; allowed: true or false'],
    ["stop", "constructor", 'stop: given "constructor"; allowed: true or false'],
    ["stop", "__proto__", 'stop: given "__proto__"; allowed: true or false'],
    [
      "table_names",
      " , ",
      'table_names: given " , "; allowed: at least one name; several as a list or separated by commas',
    ],
    ["fields", {}, "fields: given {}; allowed: names, as a list or separated by commas"],
    [
      "alert_group_identifiers",
      { a: 1 },
      'alert_group_identifiers: given {"a":1}; allowed: identifiers of alert groups, as a list or one text',
    ],
    [
      "target_entities",
      [{ Identifier: "", EntityType: "ADDRESS" }],
      'target_entities.0.Identifier: given ""; allowed: text that is not empty',
    ],
    [
      "target_entities",
      "10.0.0.1",
      'target_entities: given "10.0.0.1"; allowed: a list of { Identifier, EntityType }, both texts that are not empty',
    ],
    ["scope", ["a", "b"], 'scope: given ["a","b"]; allowed: text'],
  ])("%s given as %o is refused: %s", (name, sent, sentence) => {
    expect(refusal({ [name]: sent })).toBe(sentence);
  });

  it("that no one knows is refused by name, with those that are known", () => {
    expect(refusal({ incidentId: "29", priority: 1 })).toMatch(
      /^no argument is named "incidentId" or "priority"; allowed: case_id, alert_group_identifiers, .*stop$/,
    );
    const hostile: unknown = JSON.parse(`{"__proto__": {"stop": false}, ${JSON.stringify(GOOD).slice(1)}`);
    const parsed = schema.safeParse(hostile);
    expect(parsed.success ? "accepted" : describeInvalid(parsed.error)).toMatch(
      /^no argument is named "__proto__"/,
    );
  });

  it("that is no object is refused as a whole", () => {
    for (const sent of [null, "text", [], 7]) {
      const parsed = schema.safeParse(sent);
      expect(parsed.error && describeInvalid(parsed.error)).toMatch(/allowed: an object with the arguments/);
    }
  });

  it("that is huge is shortened in the message", () => {
    const sentence = refusal({ incident_id: "x".repeat(100_000) });
    expect(sentence.length).toBeLessThan(200);
    expect(sentence).toContain('given "xxx');
    expect(sentence).toContain("…; allowed: the number of an incident");
  });

  it("is shown on one line, whatever it is", () => {
    expect(show("a\nb")).toBe('"a\\nb"');
    expect(show(29n)).toBe("29");
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(show(circle)).toBe("[object Object]");
  });

  it("has its description in the JSON Schema of what may be sent", () => {
    const { properties } = z
      .object({ properties: z.record(z.string(), z.looseObject({})) })
      .parse(z.toJSONSchema(schema, { io: "input" }));
    expect(properties["limit"]).toMatchObject({ description: "Rows." });
    expect(properties["case_id"]).toMatchObject({ description: "The ID of the case." });
  });
});
