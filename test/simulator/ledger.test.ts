/** The ledger: what it records, what it never records, and waiting on it. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { control, requestToken, send, signIn } from "./probe.ts";
import { type Simulator, startSimulator } from "./simulator.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ quotas: { incidents: null, hunting: null } });
});
beforeEach(() => control(simulator, "POST", "reset", {}));
afterAll(() => simulator.close());

const ledger = async () => (await control(simulator, "GET", "ledger")).json;

it("records arrivals and effects in one order, with their times", async () => {
  const before = Date.now();
  const { graph, hunt } = await signIn(simulator);
  await graph("POST", "incidents/29/comments", { comment: "hi" }, { "client-request-id": "mine" });
  await hunt("print ok=1");
  await graph("GET", "nothing");
  const { arrivals, effects } = await ledger();
  expect(arrivals).toMatchObject([
    { seq: 1, lane: "token", method: "POST", status: 200, counted: false },
    {
      seq: 2,
      lane: "incidents",
      path: "/v1.0/security/incidents/29/comments",
      body: { comment: "hi" },
      clientRequestId: "mine",
    },
    { seq: 4, lane: "hunting", body: { Query: "print ok=1" }, counted: true, tenant: simulator.tenant },
    { seq: 5, lane: "other", status: 400 },
  ]);
  expect(effects).toMatchObject([{ seq: 3, kind: "comment", incidentId: "29", what: "hi" }]);
  expect(arrivals[0].timeMs).toBeGreaterThanOrEqual(before - 1);
  expect(arrivals[3].timeMs).toBeGreaterThan(arrivals[0].timeMs);
});

it("holds neither tokens nor secrets", async () => {
  const { json } = await requestToken(simulator);
  await send(`${simulator.url}/v1.0/security/incidents`, {
    headers: { authorization: `Bearer ${json.access_token}` },
  });
  const text = JSON.stringify(await ledger());
  expect(text).toContain("client_secret");
  expect(text).not.toContain(simulator.clientSecret);
  expect(text).not.toContain(json.access_token);
});

it("wakes who waits for an arrival or an effect", async () => {
  const { graph } = await signIn(simulator);
  const arrival = control(simulator, "GET", "arrivals/wait?match=PATCH%20.*/29$&answered=true");
  const effect = control(simulator, "GET", "effects/wait?match=patch%2029&count=2");
  await graph("PATCH", "incidents/29", { status: "inProgress" });
  await graph("PATCH", "incidents/29", { status: "resolved" });
  expect((await arrival).json[0]).toMatchObject({ method: "PATCH", status: 200 });
  expect((await effect).json.map((one: { what: unknown }) => one.what)).toEqual([
    { status: "inProgress" },
    { status: "resolved" },
  ]);
});

it("gives up with 408 and what there is", async () => {
  const { status, json } = await control(simulator, "GET", "arrivals/wait?match=never&timeoutMs=20");
  expect([status, json]).toEqual([408, []]);
});

it("is empty after a delete, and stays so when it is off", async () => {
  await requestToken(simulator);
  await control(simulator, "DELETE", "ledger");
  await control(simulator, "PUT", "settings", { ledger: false });
  await requestToken(simulator);
  expect(await ledger()).toEqual({ arrivals: [], effects: [] });
  await control(simulator, "PUT", "settings", { ledger: true });
});

it("a setting that is wrong is refused, and the others stay", async () => {
  const bad = await control(simulator, "PUT", "settings", { quotas: { hunting: "many" } });
  expect(bad.status).toBe(422);
  await control(simulator, "PUT", "settings", { odataNoise: true });
  const { json } = await control(simulator, "GET", "settings");
  expect(json).toMatchObject({ odataNoise: true, quotas: { incidents: null, hunting: null } });
});
