/** A token that is bound to one instance, one action and its own cases, tried against all the rest, on every route. */
import { beforeEach, describe, expect, inject, it } from "vitest";
import { connectProducer } from "../../../src/queue/connection.ts";
import { publishInstances } from "../../../src/queue/instances.ts";
import { type Call, type OpenedApi, openApi, tokenFor } from "./opened-api.ts";

const PING = { case_id: "mine" };
const SECRET = "only for others";
/** What says nothing about any job. */
const OPEN = /^(?:GET|HEAD) \/(?:livez|readyz|metrics|openapi\.json|docs.*)$/;

async function openBound() {
  const bound = tokenFor("siem:contoso:ping");
  const all = tokenFor("admin:*:*:cases=all");
  const other = tokenFor("siem-2:*:*");
  const pinger = tokenFor("pinger:*:ping:cases=all");
  const api = await openApi({ API_TOKENS: [bound, all, other, pinger].map(({ entry }) => entry).join(",") });
  const redis = connectProducer({
    url: inject("redisUrl"),
    mode: "single",
    sentinelName: null,
    prefix: api.prefix,
  });
  await publishInstances(redis, api.prefix, ["contoso", "default"], {
    jobExpiresAfterMs: 60_000,
    resultTtlMs: 60_000,
  });
  redis.disconnect();
  const enqueue = async (
    token: string,
    caseId: string,
    action = "ping",
    instance = "contoso",
  ): Promise<string> => {
    const body =
      action === "ping" ? { case_id: caseId } : { case_id: caseId, incident_id: 29, comment: SECRET };
    const headers = { "defender-instance": instance };
    const { status, headers: got, text } = await api.call(`/v1/actions/${action}`, { token, headers, body });
    if (status !== 202) throw new Error(text);
    return got.get("location") ?? "";
  };
  return { api, bound: bound.token, all: all.token, other: other.token, pinger: pinger.token, enqueue };
}

/** What is refused must name nothing that the caller does not know already. */
async function expectForbidden(api: OpenedApi, path: string, call: Call): Promise<void> {
  const problem = await api.refused(403, path, call);
  expect(problem).toMatchObject({
    code: "permission_denied",
    detail: expect.stringContaining("token siem: "),
  });
  expect(JSON.stringify(problem)).not.toContain(SECRET);
}

describe("a bound token", () => {
  let opened: Awaited<ReturnType<typeof openBound>>;
  let theirs: string;
  let beyond: string;
  let mine: string;
  beforeEach(async () => {
    opened = await openBound();
    const { enqueue, bound, other } = opened;
    mine = await enqueue(bound, "mine");
    theirs = await enqueue(other, "theirs");
    beyond = await enqueue(other, "mine", "add_comment_to_incident");
  });

  it("runs its action on its instance, and sees what came of it", async () => {
    const { api, bound: token } = opened;
    expect((await api.call("/v1/cases/mine/results", { token })).json).toEqual([
      expect.objectContaining({ action: "ping", instance: "contoso" }),
    ]);
    expect((await api.call(mine, { token })).status).toBe(200);
    expect((await api.call("/v1/actions", { token })).json).toEqual([
      expect.objectContaining({ name: "ping" }),
    ]);
    expect((await api.call(mine, { token, method: "DELETE" })).json).toEqual({
      cancelled: true,
      sent: false,
    });
  });

  it("is refused every other action and instance, alone and in a batch, and nothing is queued", async () => {
    const { api, bound: token, all } = opened;
    const contoso = { "defender-instance": "contoso" };
    const comment = { case_id: "mine", incident_id: 29, comment: "x" };
    await expectForbidden(api, "/v1/actions/add_comment_to_incident", {
      token,
      headers: contoso,
      body: comment,
    });
    await expectForbidden(api, "/v1/actions/pong", { token, headers: contoso, body: comment });
    await expectForbidden(api, "/v1/actions/ping", { token, body: PING });
    await expectForbidden(api, "/v1/actions/ping", {
      token,
      body: PING,
      headers: { "defender-instance": "nowhere" },
    });
    const options = { instance: "contoso" };
    const fine = { action: "ping", input: PING, options };
    const bad: object[] = [
      { action: "ping", input: PING },
      { action: "add_comment_to_incident", input: comment, options },
      { action: "ping", input: PING, options: { instance: "default" } },
    ];
    for (const one of bad) await expectForbidden(api, "/v1/actions", { token, body: [fine, one] });
    const before = (await api.call("/v1/cases/mine/results", { token: all })).json;
    expect(before).toHaveLength(2);
    expect(api.audit().filter((line) => Object(line).outcome === "permission_denied")).toHaveLength(
      4 + 2 * bad.length,
    );
  });

  it.each(["theirs", "never-seen"])("is refused on every route of the case %s", async (caseId) => {
    const { api, bound: token, all } = opened;
    const jobPath = caseId === "theirs" ? theirs : `/v1/cases/${caseId}/jobs/j1`;
    const paths: [string, string?][] = [
      [`/v1/cases/${caseId}/results`],
      [`/v1/cases/${caseId}/events`],
      [jobPath],
      [`${jobPath}/rows`],
      [`${jobPath}/rows?format=csv`],
      [jobPath, "DELETE"],
    ];
    for (const [path, method = "GET"] of paths) await expectForbidden(api, path, { token, method });
    if (caseId === "theirs")
      expect((await api.call(theirs, { token: all })).json).toMatchObject({ status: "queued" });
  });

  it("gets nothing on any route there is, and leaves nothing: a new route needs a case here", async () => {
    const { api, bound: token, all } = opened;
    const comment = { case_id: "theirs", incident_id: 29, comment: SECRET };
    const contoso = { "defender-instance": "contoso", accept: "application/json, text/event-stream" };
    const tool = { name: "add_comment_to_incident", arguments: comment };
    const batch = [{ action: tool.name, input: comment, options: { instance: "contoso" } }];
    /** By route: the call, and the status that refuses it; 200 where a refusal is part of the answer. */
    const calls: Readonly<Record<string, readonly [path: string, status: number, body?: object]>> = {
      "POST /v1/actions/:action": [`/v1/actions/${tool.name}`, 403, comment],
      "POST /v1/actions": ["/v1/actions", 403, batch],
      "GET /v1/actions": ["/v1/actions", 200],
      "GET /v1/cases/:case/results": ["/v1/cases/theirs/results", 403],
      "GET /v1/cases/:case/events": ["/v1/cases/theirs/events", 403],
      "GET /v1/cases/:case/jobs/:job": [theirs, 403],
      "GET /v1/cases/:case/jobs/:job/rows": [`${theirs}/rows`, 403],
      "DELETE /v1/cases/:case/jobs/:job": [theirs, 403],
      "POST /mcp": ["/mcp", 200, { jsonrpc: "2.0", id: 1, method: "tools/call", params: tool }],
    };
    const guarded = api.routes.filter((route) => !OPEN.test(route));
    expect(guarded.toSorted()).toEqual(Object.keys(calls).toSorted());
    const everything = async () => [
      (await api.call("/v1/cases/theirs/results", { token: all })).text,
      (await api.call("/v1/cases/mine/results", { token: all })).text,
    ];
    const before = await everything();
    for (const [route, [path, status, body]] of Object.entries(calls)) {
      const [method = ""] = route.split(" ");
      const ask = { method, headers: contoso, ...(body === undefined ? {} : { body }) };
      await api.refused(401, path, ask);
      const answer = await api.call(path, { ...ask, token });
      expect([route, answer.status]).toEqual([route, status]);
      expect(answer.text).not.toMatch(/only for others|job_id/);
      if (route === "POST /mcp") expect(answer.text).toMatch(/isError|error/);
      if (route === "GET /v1/actions") expect(answer.text).not.toContain(tool.name);
    }
    expect(await everything()).toEqual(before);
  });

  it("does not see another's job in its own case, and cannot take it back", async () => {
    const { api, bound: token, all } = opened;
    for (const [path, method] of [[beyond], [`${beyond}/rows`], [beyond, "DELETE"]] as const)
      await api.refused(404, path, { token, ...(method === undefined ? {} : { method }) });
    expect((await api.call("/v1/cases/mine/results", { token })).text).not.toContain("add_comment");
    expect((await api.call(beyond, { token: all })).json).toMatchObject({ status: "queued" });
    const events = await firstEvents(`${api.url}/v1/cases/mine/events`, token);
    expect(events).toContain('"action":"ping"');
    expect(events).not.toContain("add_comment");
  });

  it("gets no way into a case by enqueuing to it, nor to another's job by its idempotency key", async () => {
    const { api, bound: token, other, enqueue } = opened;
    await enqueue(token, "theirs");
    await api.refused(404, theirs, { token });
    const headers = { "idempotency-key": "k", "defender-instance": "contoso" };
    await api.call("/v1/actions/ping", { token: other, body: { case_id: "keyed" }, headers });
    const problem = await api.refused(409, "/v1/actions/ping", {
      token,
      body: { case_id: "keyed" },
      headers,
    });
    expect(problem.code).toBe("conflict");
    await expectForbidden(api, "/v1/cases/keyed/results", { token });
  });

  it("is unknown when anything of it is wrong", async () => {
    const { api, bound } = opened;
    const paths = ["/v1/actions", "/v1/cases/mine/results", "/v1/cases/mine/events", mine, `${mine}/rows`];
    for (const token of ["", "x", bound.slice(0, -1), `${bound}x`, bound.toUpperCase()])
      for (const path of paths) {
        const { code } = await api.refused(401, path, { token });
        expect(code).toBe("auth_failed");
      }
    await api.refused(401, "/v1/actions/ping", { body: PING });
    await api.refused(401, "/v1/actions", { headers: { authorization: `Basic ${bound}` } });
    expect(api.log.join("")).not.toContain(bound);
  });
});

it("a token with all cases sees them, but only those jobs that it could run", async () => {
  const { api, other, enqueue, all, pinger } = await openBound();
  await enqueue(other, "4711");
  await enqueue(other, "4711", "add_comment_to_incident", "default");
  expect((await api.call("/v1/cases/4711/results", { token: all })).json).toHaveLength(2);
  expect((await api.call("/v1/cases/4711/results", { token: pinger })).json).toHaveLength(1);
});

async function firstEvents(url: string, token: string): Promise<string> {
  const end = new AbortController();
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: end.signal });
  let text = "";
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (text.includes("data:")) break;
  }
  end.abort();
  return text;
}
