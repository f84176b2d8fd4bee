/** The routes, without a worker where none is needed. */
import { describe, expect, it } from "vitest";
import { completed, KEEP_MS, openResults } from "../../results/opened-store.ts";
import { openPipe } from "../../support/pipe.ts";
import { openApi } from "./opened-api.ts";

const PING = { case_id: "4711" };
const CLOSE = { case_id: "4711", incident_id: 29, status: ["Resolved"] };

describe("an action", () => {
  it("is accepted with a pointer to its job", async () => {
    const { call, client } = await openApi();
    const { status, json, headers } = await call("/v1/actions/update_incident", { body: CLOSE });
    const [result] = await client.resultsForCase("4711");
    expect([status, json]).toEqual([
      202,
      { job_id: result?.job_id, case_id: "4711", action: "update_incident", deduplicated: false },
    ]);
    const location = headers.get("location") ?? "";
    expect(location).toBe(`/v1/cases/4711/jobs/${result?.job_id}`);
    expect((await call(location)).json).toMatchObject({ job_id: result?.job_id, status: "queued" });
  });

  it("takes its options from headers", async () => {
    const { call, client } = await openApi();
    const headers = {
      "idempotency-key": "close-29",
      "defender-instance": "contoso",
      "defender-priority": "bulk",
      // As clients send names: UTF-8 in a header.
      "defender-requested-by": Buffer.from("Zoë").toString("latin1"),
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };
    const first = await call("/v1/actions/update_incident", { body: CLOSE, headers });
    const again = await call("/v1/actions/update_incident", { body: CLOSE, headers });
    expect(again.json).toEqual({ ...Object(first.json), deduplicated: true });
    const [result, ...more] = await client.resultsForCase("4711");
    expect(more).toEqual([]);
    expect(result).toMatchObject({ instance: "contoso", requested_by: "Zoë" });
  });

  it("with a used key and other input is 409", async () => {
    const { call, refused } = await openApi();
    const headers = { "idempotency-key": "k" };
    await call("/v1/actions/ping", { body: PING, headers });
    const { code, detail } = await refused(409, "/v1/actions/ping", {
      body: { ...PING, scope: "x" },
      headers,
    });
    expect([code, detail]).toEqual(["conflict", expect.stringContaining('case "4711"')]);
  });

  it("answers with the record when the wait is over before the job", async () => {
    const { call } = await openApi();
    const { status, json } = await call("/v1/actions/ping?wait=0.05", { body: PING });
    expect([status, json]).toEqual([
      202,
      expect.objectContaining({ v: 1, status: "queued", action: "ping" }),
    ]);
  });

  it("that is unknown is 404 and names those there are", async () => {
    const { refused } = await openApi();
    expect((await refused(404, "/v1/actions/pong", { body: PING })).errors).toEqual([
      expect.objectContaining({ field: "action", given: '"pong"', allowed: expect.stringContaining("ping") }),
    ]);
  });

  it("of bad input is 400, and says of each field what was given and what is allowed", async () => {
    const { refused, client } = await openApi();
    const body = { case_id: "4711", incident_id: "x", status: "Asleep" };
    expect(await refused(400, "/v1/actions/update_incident", { body })).toMatchObject({
      type: "urn:defender-actions:invalid_input",
      code: "invalid_input",
      errors: [
        { field: "incident_id", given: '"x"', allowed: "the number of an incident, such as 29" },
        { field: "status", given: '"Asleep"', allowed: "Active, In Progress, Resolved" },
      ],
    });
    expect(await client.resultsForCase("4711")).toEqual([]);
  });

  it.each<[string, string, Record<string, string>, string]>([
    ["a wait beyond a minute", "?wait=61", {}, 'wait: given "61"; allowed: seconds from 0 to 60'],
    ["a wait that is no number", "?wait=soon", {}, "wait: given"],
    ["an unknown parameter", "?waits=3", {}, 'no parameter is named "waits"; allowed: wait'],
    ["an instance that cannot be", "", { "defender-instance": "Contoso" }, "defender-instance: given"],
    ["a priority there is not", "", { "defender-priority": "high" }, "allowed: interactive, bulk"],
    ["a broken traceparent", "", { traceparent: "1" }, "traceparent: given"],
  ])("with %s is 400", async (_, query, headers, sentence) => {
    const { refused } = await openApi();
    const problem = await refused(400, `/v1/actions/ping${query}`, { body: PING, headers });
    expect(problem.detail).toContain(sentence);
  });
});

describe("a batch", () => {
  it("is accepted as a whole, in its order, with options in either spelling", async () => {
    const { call, client } = await openApi();
    const { status, json } = await call("/v1/actions", {
      body: [
        { action: "ping", input: PING, options: { requested_by: "ada", idempotency_key: "p" } },
        { action: "update_incident", input: CLOSE, options: { requestedBy: "bob" } },
      ],
    });
    const results = await client.resultsForCase("4711");
    expect([status, json]).toEqual([
      202,
      results.map(({ job_id, action }) => expect.objectContaining({ job_id, action })),
    ]);
    expect(results.map(({ requested_by }) => requested_by)).toEqual(["ada", "bob"]);
  });

  it.each<[string, unknown, string]>([
    [
      "one bad input",
      [
        { action: "ping", input: PING },
        { action: "ping", input: {} },
      ],
      "[1] case_id: missing",
    ],
    ["an unknown action", [{ action: "pong", input: PING }], '[0] action: given "pong"'],
    [
      "an unknown option",
      [{ action: "ping", input: PING, options: { prio: 1 } }],
      'no option is named "prio"',
    ],
    ["something beside", [{ action: "ping", input: PING, when: 1 }], 'nothing is named "when"'],
    ["nothing in it", [], "a list of 1 to 1000"],
    ["one request alone", { action: "ping", input: PING }, "a list of 1 to 1000"],
  ])("with %s is refused whole", async (_, body, sentence) => {
    const { refused, client } = await openApi();
    expect((await refused(400, "/v1/actions", { body })).detail).toContain(sentence);
    expect(await client.resultsForCase("4711")).toEqual([]);
  });
});

describe("a case", () => {
  it("may be called anything", async () => {
    const { call } = await openApi();
    for (const caseId of ["{a}/b?c#d%e", "数据 🚨", `c${"x".repeat(500)}`, "__proto__"]) {
      await call("/v1/actions/ping", { body: { case_id: caseId } });
      const path = `/v1/cases/${encodeURIComponent(caseId)}/results`;
      expect((await call(path)).json).toEqual([expect.objectContaining({ case_id: caseId })]);
    }
  });

  it("without jobs has no results; a job that is not there is 404", async () => {
    const { call, refused } = await openApi();
    expect((await call("/v1/cases/none/results")).json).toEqual([]);
    expect((await refused(404, "/v1/cases/none/jobs/j1")).code).toBe("not_found");
    await refused(404, "/v1/cases/none/jobs/j1", { method: "DELETE" });
    await refused(404, "/v1/cases/none/jobs/j1/rows");
  });

  it("says of rows that had to make room that they are gone", async () => {
    const { call, refused, prefix } = await openApi();
    const { create, start, store } = openResults(prefix, { bytes: 1 });
    const job = { caseId: "4711", jobId: "j1" };
    await create(job);
    const rows = { pages: [Buffer.from("longer than may be")], inlineRows: 1 };
    await store.finish(await start(job), completed(null, { rows }), KEEP_MS);
    expect((await call("/v1/cases/4711/jobs/j1")).json).toMatchObject({ rows_expired: true });
    for (const format of ["json", "ndjson", "csv"])
      expect(await refused(410, `/v1/cases/4711/jobs/j1/rows?format=${format}`)).toMatchObject({
        title: "Gone",
        code: "not_found",
        retryable: false,
        hint: "Run the query again.",
      });
  });

  it("lets a job be taken back, once, and leaves an audit line", async () => {
    const { call, audit } = await openApi();
    const { headers } = await call("/v1/actions/ping", { body: PING });
    const job = headers.get("location") ?? "";
    // A client that always names a type sends an empty body.
    const json = { "content-type": "application/json" };
    expect((await call(job, { method: "DELETE", headers: json })).json).toEqual({
      cancelled: true,
      sent: false,
    });
    expect((await call(job, { method: "DELETE" })).json).toEqual({ cancelled: false, sent: false });
    expect((await call(job)).json).toMatchObject({ status: "failed", error: { code: "cancelled" } });
    expect(audit()).toMatchObject([
      { verb: "enqueue", caller: null, via: "http", outcome: "accepted", action: "ping", case_id: "4711" },
      { verb: "cancel", outcome: "accepted" },
      { verb: "cancel", outcome: "too_late" },
    ]);
  });
});

it("with a worker, a wait ends with the final result, and rows are read by page, as NDJSON and as CSV", async () => {
  const pipe = await openPipe();
  await pipe.startWorker();
  const { call, refused } = await openApi({ QUEUE_PREFIX: pipe.prefix });
  const closed = await call("/v1/actions/update_incident?wait=30", { body: CLOSE });
  expect([closed.status, closed.json]).toEqual([
    200,
    expect.objectContaining({ status: "completed", is_success: true }),
  ]);
  await refused(409, `${closed.headers.get("location")}/rows`);
  const missing = await call("/v1/actions/update_incident?wait=30", {
    body: { ...CLOSE, incident_id: 999_999 },
  });
  expect([missing.status, missing.json]).toMatchObject([
    200,
    { status: "failed", error: { code: "not_found" } },
  ]);

  const query = { case_id: "4711", table_names: "AlertInfo", time_frame: "Last 24 Hours" };
  const hunt = await call("/v1/actions/execute_query?wait=30", { body: query });
  const { row_count: total } = Object(hunt.json);
  expect(total).toBeGreaterThan(2);
  const rows = `${hunt.headers.get("location")}/rows`;
  const page = Object((await call(`${rows}?offset=1&limit=1`)).json);
  expect([page.rows.length, page.total, page.next_offset]).toEqual([1, total, 2]);
  const ndjson = await call(`${rows}?format=ndjson&offset=1`);
  const lines = ndjson.text.trim().split("\n");
  expect([lines.length, JSON.parse(lines[0] ?? "")]).toEqual([total - 1, page.rows[0]]);
  const csv = await call(rows, { headers: { accept: "text/csv" } });
  expect(csv.headers.get("content-type")).toContain("text/csv");
  expect(csv.text.split("\n")[0]).toMatch(/^Timestamp,/);
  expect(csv.text.trim().split("\n").length).toBeGreaterThan(total);
});
