/** Incidents over HTTP: list, get, patch, comment, merged ones. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { control, signIn } from "./probe.ts";
import { type Simulator, startSimulator } from "./simulator.ts";

let simulator: Simulator;
let graph: Awaited<ReturnType<typeof signIn>>["graph"];
beforeAll(async () => {
  simulator = await startSimulator({ quotas: { incidents: null, hunting: null } });
  graph = (await signIn(simulator)).graph;
});
beforeEach(() => control(simulator, "POST", "reset", {}));
afterAll(() => simulator.close());

const settings = (change: object) => control(simulator, "PUT", "settings", change);
const idsOf = (json: { value: { id: string }[] }) => json.value.map((incident) => incident.id);

describe("a list", () => {
  it("pages by a next link, youngest first, and ends", async () => {
    const first = await graph("GET", "incidents?$count=true");
    expect(first.json.value).toHaveLength(50);
    expect(first.json["@odata.count"]).toBe(60);
    expect(first.json.value[0].id).toBe("60");
    const link: string = first.json["@odata.nextLink"];
    expect(link.startsWith(`${simulator.url}/v1.0/security/incidents?`)).toBe(true);
    const second = await graph("GET", link.slice(`${simulator.url}/v1.0/security/`.length));
    expect(idsOf(second.json)).toEqual(["10", "9", "8", "7", "6", "5", "4", "3", "2", "1"]);
    expect(second.json).not.toHaveProperty("@odata.nextLink");
  });

  it("refuses pages of more than 50", async () => {
    const { status, json } = await graph("GET", "incidents?$top=200");
    expect(status).toBe(400);
    expect(json.error.message).toBe(
      "The limit of '50' for Top query has been exceeded. The value from the incoming request is '200'.",
    );
  });

  it.each([
    ["status eq 'resolved'", ["3"]],
    ["assignedTo eq 'ben@contoso.com' or classification eq 'TruePositive'", ["4", "3"]],
    ["status in ('resolved','inProgress') and not_there eq 1", undefined],
    ["status ne 'active' and (severity eq 'high' or severity eq 'low')", ["58", "30", "4"]],
    ["status eq 'nonsense'", undefined],
    ["status eq", undefined],
    ["id eq '29'", undefined],
  ])("filters by %s", async (filter, ids) => {
    const { status, json } = await graph("GET", `incidents?$filter=${encodeURIComponent(filter)}`);
    if (ids === undefined) expect(status).toBe(400);
    else expect(idsOf(json)).toEqual(ids);
  });

  it("of a crowd holds many of one age, in one order on every page", async () => {
    await control(simulator, "POST", "reset", { incidents: 400 });
    const { json: incident } = await graph("GET", "incidents/250");
    const filter = encodeURIComponent(`createdDateTime eq ${incident.createdDateTime}`);
    const page = async (skip: number) =>
      (await graph("GET", `incidents?$filter=${filter}&$orderby=createdDateTime desc&$top=50&$skip=${skip}`))
        .json;
    const pages = [await page(0), await page(50), await page(100)];
    expect(pages.flatMap(idsOf)).toEqual(Array.from({ length: 120 }, (_, at) => String(319 - at)));
    expect(pages.map((one) => "@odata.nextLink" in one)).toEqual([true, true, false]);
  });

  it("filters by time, sorts, and selects", async () => {
    const { json: incident } = await graph("GET", "incidents/20");
    const filter = encodeURIComponent(`createdDateTime ge ${incident.createdDateTime}`);
    const { json } = await graph(
      "GET",
      `incidents?$filter=${filter}&$orderby=createdDateTime asc&$select=id&$top=2`,
    );
    expect(json.value).toEqual([{ id: "20" }, { id: "21" }]);
  });
});

describe("one incident", () => {
  it("has its alerts only when they are asked for", async () => {
    expect((await graph("GET", "incidents/29")).json).not.toHaveProperty("alerts");
    const { json } = await graph("GET", "incidents/29?$expand=alerts");
    expect(json.alerts[0]).toMatchObject({ incidentId: "29", status: "new" });
  });

  it("that is unknown is a 404", async () => {
    const { status, json } = await graph("GET", "incidents/999");
    expect([status, json.error.code]).toEqual([404, "ResourceNotFound"]);
  });

  it("shows newer enum members only to those who ask", async () => {
    expect((await graph("GET", "incidents/58")).json.status).toBe("unknownFutureValue");
    const prefer = { prefer: "include-unknown-enum-members" };
    expect((await graph("GET", "incidents/58", undefined, prefer)).json.status).toBe("awaitingAction");
  });

  it("echoes the client's request id", async () => {
    const { headers } = await graph("GET", "incidents/29", undefined, { "client-request-id": "abc" });
    expect(headers.get("client-request-id")).toBe("abc");
    expect(headers.get("request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("a patch", () => {
  it("changes what it names, in any case, and resolves the alerts", async () => {
    const { status, json } = await graph("PATCH", "incidents/29", {
      status: "Resolved",
      classification: "TruePositive",
      determination: "malware",
      customTags: ["x"],
      assignedTo: "ada@contoso.com",
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ status: "resolved", classification: "truePositive", customTags: ["x"] });
    expect(json.lastModifiedBy).toBe(`API-App:${simulator.clientId}`);
    const { json: after } = await control(simulator, "GET", "incidents/29");
    expect(after.alerts[0]).toMatchObject({ status: "resolved", assignedTo: "ada@contoso.com" });
  });

  it.each([{ colour: "red" }, { id: "7" }, { status: "closed" }, { comments: [] }, { customTags: "x" }])(
    "is refused for %o",
    async (body) => {
      const { status, json } = await graph("PATCH", "incidents/29", body);
      expect([status, json.error.code]).toEqual([400, "BadRequest"]);
    },
  );

  it("is refused when it is no JSON", async () => {
    expect((await graph("PATCH", "incidents/29", "{oops")).status).toBe(400);
  });

  it("is checked for matching pairs only in strict mode", async () => {
    const mismatch = { classification: "falsePositive", determination: "malware" };
    expect((await graph("PATCH", "incidents/29", mismatch)).status).toBe(200);
    await settings({ strictDetermination: true });
    expect((await graph("PATCH", "incidents/29", mismatch)).status).toBe(400);
    await settings({ strictDetermination: false });
  });

  it("can take its time to become visible", async () => {
    await settings({ settleMs: 3_600_000 });
    const { json } = await graph("PATCH", "incidents/29", { status: "resolved" });
    await settings({ settleMs: 0 });
    expect(json.status).toBe("resolved");
    expect((await graph("GET", "incidents/29")).json.status).toBe("active");
    expect((await control(simulator, "GET", "incidents/29")).json.status).toBe("resolved");
  });
});

describe("a comment", () => {
  it("is answered with the whole list", async () => {
    await graph("POST", "incidents/29/comments", { comment: "first" });
    const { status, json } = await graph("POST", "incidents/29/comments", {
      "@odata.type": "microsoft.graph.security.alertComment",
      comment: "second",
    });
    expect(status).toBe(200);
    expect(json.value.map((one: { comment: string }) => one.comment)).toEqual(["first", "second"]);
  });

  it("may have 30,000 characters and no more", async () => {
    expect((await graph("POST", "incidents/29/comments", { comment: "x".repeat(30_000) })).status).toBe(200);
    expect((await graph("POST", "incidents/29/comments", { comment: "x".repeat(30_001) })).status).toBe(400);
  });
});

describe("a merged incident", () => {
  it("names its survivor", async () => {
    const { json } = await graph("GET", "incidents/30");
    expect(json).toMatchObject({
      status: "redirected",
      redirectIncidentId: "31",
      systemTags: ["Redirected"],
    });
  });

  it.each([200, 400, 404])("answers writes with %i when told so", async (redirectedWrite) => {
    await settings({ redirectedWrite });
    expect((await graph("PATCH", "incidents/30", { assignedTo: "a" })).status).toBe(redirectedWrite);
    expect((await graph("POST", "incidents/30/comments", { comment: "c" })).status).toBe(redirectedWrite);
    await settings({ redirectedWrite: 200 });
  });
});

describe("somebody who looks on", () => {
  it("sees all incidents as they are, and how often each was written", async () => {
    await graph("PATCH", "incidents/29", { status: "inProgress" });
    await graph("PATCH", "incidents/29", { status: "resolved" });
    await graph("POST", "incidents/31/comments", { comment: "c" });
    const { json: counts } = await control(simulator, "GET", "effects/counts");
    expect(counts).toEqual({ patch: { 29: 2 }, comment: { 31: 1 } });
    const { json: incidents } = await control(simulator, "GET", "incidents");
    expect(incidents).toHaveLength(60);
    expect(incidents.find((one: { id: string }) => one.id === "29").status).toBe("resolved");
  });
});

describe("another analyst", () => {
  it("edits an incident, or makes one, without a request that counts", async () => {
    await control(simulator, "PUT", "incidents/29", { assignedTo: "eve@contoso.com" });
    await control(simulator, "PUT", "incidents/500", { redirectIncidentId: "29", status: "redirected" });
    expect((await graph("GET", "incidents/29")).json).toMatchObject({
      assignedTo: "eve@contoso.com",
      lastModifiedBy: "analyst@contoso.com",
    });
    expect((await graph("GET", "incidents/500")).json.redirectIncidentId).toBe("29");
  });
});
