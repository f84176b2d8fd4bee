/** Hunting over HTTP: the wire shape, the refusals word for word, time ranges and caps. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { control, signIn } from "../probe.ts";
import { type Simulator, startSimulator } from "../simulator.ts";

let simulator: Simulator;
let graph: Awaited<ReturnType<typeof signIn>>["graph"];
let hunt: Awaited<ReturnType<typeof signIn>>["hunt"];
beforeAll(async () => {
  simulator = await startSimulator({ quotas: { incidents: null, hunting: null } });
  ({ graph, hunt } = await signIn(simulator));
}, 60_000);
afterAll(() => simulator.close());

const settings = (change: object) => control(simulator, "PUT", "settings", change);

describe("an answer", () => {
  it("has a schema and rows with seven-digit times", async () => {
    const { status, json } = await hunt(
      "AlertInfo | where Timestamp > ago(1h) | project Timestamp, Title | top 1 by Timestamp",
    );
    expect(status).toBe(200);
    expect(json.schema).toEqual([
      { name: "Timestamp", type: "DateTime" },
      { name: "Title", type: "String" },
    ]);
    expect(json.results).toHaveLength(1);
    expect(json.results[0].Timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
  });

  it("has its schema also when there are no rows", async () => {
    const { json } = await hunt("AlertInfo | where Title == 'none' | project Title, Severity");
    expect(json.schema.map((column: { name: string }) => column.name)).toEqual(["Title", "Severity"]);
    expect(json.results).toEqual([]);
  });

  it("may carry keys that are in no schema", async () => {
    await settings({ odataNoise: true });
    const { json } = await hunt("print ok=1");
    await settings({ odataNoise: false });
    expect(json.results).toEqual([{ "ok@odata.type": "#Int64", ok: 1 }]);
  });

  it("writes dynamic values as objects or as text", async () => {
    const query = "print d = dynamic({'a':[1]})";
    expect((await hunt(query)).json.results).toEqual([{ d: { a: [1] } }]);
    await settings({ dynamicAs: "text" });
    expect((await hunt(query)).json.results).toEqual([{ d: '{"a":[1]}' }]);
    await settings({ dynamicAs: "object" });
  });
});

describe("a request", () => {
  it("may spell its fields either way", async () => {
    const { status } = await graph("POST", "runHuntingQuery", { query: "print ok=1", timespan: "P1D" });
    expect(status).toBe(200);
  });

  it("without a query is a 400", async () => {
    expect((await graph("POST", "runHuntingQuery", {})).status).toBe(400);
  });

  it("of more than a megabyte gets the gateway's page", async () => {
    const { status, headers, text } = await hunt(`print x='${"x".repeat(1_100_000)}'`);
    expect([status, headers.get("content-type")]).toEqual([413, "text/html"]);
    expect(text).toContain("<html>");
  });
});

describe("a refusal", () => {
  it.each([
    [
      "DeviceTvmSoftwareInventory | where A == 1",
      "'where' operator: Failed to resolve table or column expression named 'DeviceTvmSoftwareInventory'. Fix semantic errors in your query.",
    ],
    [
      "Nothing",
      "Failed to resolve table or column expression named 'Nothing'. Fix semantic errors in your query.",
    ],
    [
      "AlertInfo | project Foo",
      "'project' operator: Failed to resolve scalar expression named 'Foo'. Fix semantic errors in your query.",
    ],
    [
      "AlertInfo | where Title == 'x",
      "The incomplete fragment is unexpected.. Fix syntax errors in your query.",
    ],
    ["AlertInfo |", "The incomplete fragment is unexpected.. Fix syntax errors in your query."],
    ["AlertInfo | extend z=foo(1)", "Unknown function: 'foo'. Fix semantic errors in your query."],
    [
      "AlertInfo | where Title == 5",
      "Cannot compare values of types string and long. Try adding explicit casts. Fix semantic errors in your query.",
    ],
    [".show tables", "Control commands are not supported. Fix syntax errors in your query."],
    ["AlertInfo | evaluate bag_unpack(Title)", "simulator: operator evaluate is not simulated"],
    ["AlertInfo | where parse_path(Title).x == 1", "simulator: function parse_path() is not simulated"],
  ])("of %s", async (query, message) => {
    const { status, json } = await hunt(query);
    expect([status, json.error.code, json.error.message]).toEqual([400, "BadRequest", message]);
  });
});

describe("a time span", () => {
  const count = async (timespan?: string) => {
    const { json } = await hunt(
      "DeviceLogonEvents | count",
      timespan === undefined ? {} : { Timespan: timespan },
    );
    return json.results[0].Count;
  };

  it("trims the rows; without one there are 30 days", async () => {
    expect(await count("PT1H")).toBe(4);
    expect(await count("P1D")).toBe(6);
    expect(await count()).toBe(10);
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    const now = new Date().toISOString();
    expect(await count(`${hourAgo}/${now}`)).toBe(4);
    expect(await count(`PT1H/${now}`)).toBe(4);
    expect(await count(`${hourAgo}/PT1H`)).toBe(4);
    expect(await count(hourAgo)).toBe(4);
  });

  it("that cannot be read is a 400", async () => {
    expect((await hunt("print ok=1", { Timespan: "yesterday" })).status).toBe(400);
  });
});

describe("a large result", () => {
  it("ends at the row cap", async () => {
    await settings({ bigTable: { rows: 5_000, rowBytes: 10 }, maxRows: 1_000 });
    expect((await hunt("BigTable")).json.results).toHaveLength(1_000);
    expect((await hunt("BigTable | count")).json.results).toEqual([{ Count: 5_000 }]);
  });

  it("is refused at the size cap", async () => {
    await settings({ bigTable: { rows: 100, rowBytes: 1_000 }, maxRows: 100_000, maxResultBytes: 50_000 });
    const { status, json } = await hunt("BigTable");
    await settings({ maxResultBytes: 50_000_000 });
    expect(status).toBe(400);
    expect(json.error.message).toContain("exceeded the allowed result size");
  });
});
