import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { startSimulator } from "../simulator/simulator.ts";
import { connectTo, failureOf, instanceAt, scripted } from "./scripted-connection.ts";
import { incident, json, type Reply } from "./scripted-server.ts";

const rows = json(200, { schema: [{ name: "ok", type: "Int64" }], results: [{ ok: 1 }] });

describe("what is sent", () => {
  test("reads ask for newer enumeration members and carry an id of their own", async () => {
    const { server, open } = await scripted();
    await open().getIncident("29");
    await open().getIncident("29");
    const [first, second] = server.calls;
    expect(first).toMatchObject({
      method: "GET",
      path: "/v1.0/security/incidents/29",
      headers: {
        prefer: "include-unknown-enum-members",
        authorization: expect.stringMatching(/^Bearer token-/),
      },
    });
    expect(first?.headers["client-request-id"]).not.toBe(second?.headers["client-request-id"]);
    expect(server.tokenRequests).toHaveLength(1);
  });

  test("a list passes its filter percent-encoded", async () => {
    const { server, open } = await scripted();
    server.reply(json(200, { value: [{ id: "2" }, { id: "1" }] }));
    const { incidents } = await open().listIncidents({
      filter: "status eq 'active' and assignedTo eq 'a+b&c'",
      top: 2,
    });
    expect(incidents.map(({ id }) => id)).toEqual(["2", "1"]);
    expect(server.calls[0]?.path).toBe(
      "/v1.0/security/incidents?$filter=status%20eq%20%27active%27%20and%20assignedTo%20eq%20%27a%2Bb%26c%27&$top=2",
    );
  });

  test("a list ends where Graph names no next page", async () => {
    const { server, open } = await scripted();
    const page = { orderBy: "createdDateTime desc", skip: 3, top: 1 } as const;
    server.reply(
      json(200, { value: [{ id: "2" }], "@odata.nextLink": "https://elsewhere.example/?$skip=1" }),
    );
    expect((await open().listIncidents(page)).isLast).toBe(false);
    server.reply(json(200, { value: [{ id: "1" }] }));
    expect((await open().listIncidents(page)).isLast).toBe(true);
    expect(server.calls[0]?.path).toBe(
      "/v1.0/security/incidents?$orderby=createdDateTime%20desc&$skip=3&$top=1",
    );
  });

  test("an update sends only what changes, null included", async () => {
    const { server, open } = await scripted();
    await open().updateIncident("29", { status: "resolved", assignedTo: null });
    expect(server.calls[0]).toMatchObject({ method: "PATCH", path: "/v1.0/security/incidents/29" });
    expect(JSON.parse(server.calls[0]?.body ?? "")).toEqual({ status: "resolved", assignedTo: null });
  });

  test("a comment gives back the whole list", async () => {
    const { server, open } = await scripted();
    server.reply(json(200, { value: [{ comment: "old" }, { comment: "größer ✓" }] }));
    expect(await open().addComment("29", "größer ✓")).toHaveLength(2);
    expect(server.calls[0]?.path).toBe("/v1.0/security/incidents/29/comments");
    expect(JSON.parse(server.calls[0]?.body ?? "")).toEqual({
      "@odata.type": "microsoft.graph.security.alertComment",
      comment: "größer ✓",
    });
  });

  test("a query spends from the hunting lane, everything else from the other", async () => {
    const { server, open, gates } = await scripted();
    server.reply(rows);
    await open().runHuntingQuery({ kql: "print ok=1", timespan: "P1D" });
    expect(JSON.parse(server.calls[0]?.body ?? "")).toEqual({ Query: "print ok=1", Timespan: "P1D" });
    expect([gates.hunting.sent, gates.incidents.sent]).toEqual([1, 0]);
    server.reply(incident);
    await open().getIncident("29");
    expect([gates.hunting.sent, gates.incidents.sent]).toEqual([1, 1]);
  });

  test("an id cannot leave its path segment", async () => {
    const { server, open } = await scripted();
    await open().getIncident("29/comments?x=1");
    expect(server.calls[0]?.path).toBe("/v1.0/security/incidents/29%2Fcomments%3Fx%3D1");
    expect(await failureOf((async () => open().getIncident(".."))())).toMatchObject({
      code: "invalid_input",
    });
    expect(server.calls).toHaveLength(1);
  });

  test("the gate hears of the job's context, and whether a write leaves", async () => {
    const { open, gates } = await scripted();
    const writes: boolean[] = [];
    const context = {
      priority: "bulk" as const,
      waitsForSlot: false,
      expiresAtMs: 42,
      beforeSend: async ({ write }: { write: boolean }) => void writes.push(write),
    };
    await open(context).getIncident("29");
    await open(context).updateIncident("29", {});
    expect(gates.incidents.passages[0]).toMatchObject({
      priority: "bulk",
      waitsForSlot: false,
      expiresAtMs: 42,
    });
    expect(writes).toEqual([false, true]);
  });
});

describe("merged incidents", () => {
  const chain =
    (redirects: Record<string, string>): Reply =>
    (response, received) => {
      const id = received.path.split("/").at(-1) ?? "";
      json(200, { id, redirectIncidentId: redirects[id] ?? null })(response, received);
    };

  test("are followed to the survivor", async () => {
    const { server, open } = await scripted();
    server.reply(chain({ "1": "2", "2": "3" }));
    expect((await open().followIncident("1")).map(({ id }) => id)).toEqual(["1", "2", "3"]);
  });

  test("five hops are followed, a sixth is a conflict", async () => {
    const { server, open } = await scripted();
    server.reply(chain({ "1": "2", "2": "3", "3": "4", "4": "5", "5": "6" }));
    expect(await open().followIncident("1")).toHaveLength(6);
    server.reply(chain({ "1": "2", "2": "3", "3": "4", "4": "5", "5": "6", "6": "7" }));
    expect(await failureOf(open().followIncident("1"))).toMatchObject({ code: "conflict" });
  });

  test("that point at each other are a conflict", async () => {
    const { server, open } = await scripted();
    server.reply(chain({ "1": "2", "2": "1" }));
    expect(await failureOf(open().followIncident("1"))).toMatchObject({ code: "conflict" });
    expect(server.calls).toHaveLength(2);
  });
});

test("the simulated Defender is spoken to as the real one", async () => {
  const simulator = await startSimulator();
  try {
    const instance = {
      ...instanceAt(simulator.url, {
        credential: { kind: "secret", secret: { value: simulator.clientSecret } },
      }),
      tenantId: simulator.tenant,
      clientId: simulator.clientId,
    };
    const defender = connectTo(instance).open();
    await defender.authenticate();
    const { incidents, isLast } = await defender.listIncidents({ orderBy: "createdDateTime desc", top: 1 });
    expect([incidents.length, isLast]).toEqual([1, false]);
    const id = incidents[0]?.id ?? "";
    expect(await defender.getIncident(id)).toMatchObject({ id });
    expect(await defender.updateIncident(id, { status: "inProgress" })).toMatchObject({
      status: "inProgress",
    });
    expect((await defender.addComment(id, "seen")).at(-1)).toMatchObject({ comment: "seen" });
    const answer = await defender.runHuntingQuery({ kql: "print ok=1" });
    expect(answer.rowCount).toBe(1);
    expect(JSON.parse(gunzipSync(answer.pages[0] ?? "").toString())).toEqual([
      { [answer.schema[0]?.name ?? ""]: 1 },
    ]);
    expect(await failureOf(defender.getIncident("999999999"))).toMatchObject({
      code: "not_found",
      message: 'incident "999999999" wasn\'t found in Microsoft 365 Defender',
    });
    expect(await failureOf(defender.runHuntingQuery({ kql: "NoSuchTable | take 1" }))).toMatchObject({
      code: "invalid_query",
    });
  } finally {
    await simulator.close();
  }
});
