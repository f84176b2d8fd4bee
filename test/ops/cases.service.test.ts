import { describe, expect, it } from "vitest";
import { RUN_ACTION } from "../../src/bulk/run.ts";
import { Stops } from "../../src/queue/stops.ts";
import { caseKeys } from "../../src/results/keys.ts";
import { ResultStore } from "../../src/results/store.ts";
import { headOf, KEEP_MS } from "../results/opened-store.ts";
import { CASE, UPDATE } from "./bull-board.ts";
import { finishJob } from "./finished.ts";
import { ask } from "./http.ts";
import { type Opened, openOps } from "./opened.ts";

const HUNT = { ...CASE, query: "AlertInfo" };
const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    Id: index,
    Title: index === 7 ? "=cmd()" : `row ${count - index}`,
  }));

const read = async (ops: Opened, path: string) => await ask(`${ops.url}${path}`);

describe("the page of a case", () => {
  it("shows each job's state, incident, message and hint, newest first", async () => {
    const ops = await openOps();
    const done = await ops.client.enqueue("update_incident", UPDATE, { requestedBy: "ada" });
    const incident = { id: "31", requested_id: "29", url: "https://security.microsoft.com/incidents/31" };
    await finishJob(ops, done, { is_success: true, output_message: "Successfully updated", incident });
    const failed = await ops.client.enqueue("update_incident", UPDATE);
    const error = {
      code: "not_found",
      message: "",
      retryable: false,
      http_status: 404,
      graph_code: null,
      request_id: "r-1",
      hint: "Is the id right?",
    } as const;
    await finishJob(ops, failed, { output_message: "no such incident", error });
    const { status, body } = await read(ops, "/cases?case_id=4711");
    expect(status).toBe(200);
    for (const text of [
      "completed",
      "Successfully updated",
      'href="https://security.microsoft.com/incidents/31"',
      "31 in Defender",
      "(asked for 29)",
      "failed (not_found)",
      "no such incident",
      "Is the id right?",
      "r-1",
      "ada",
    ])
      expect(body).toContain(text);
    expect(body.indexOf("not_found")).toBeLessThan(body.indexOf("Successfully updated"));
    expect(body).toContain("data-final");
  });

  it("says why a job waits", async () => {
    const ops = await openOps();
    await ops.client.enqueue("update_incident", UPDATE);
    expect((await read(ops, "/cases?case_id=4711")).body).toContain("Waits: it is in line for a worker");
    const stops = new Stops(ops.redis, ops.prefix);
    await stops.pause({ instance: null, lane: null, writes: true }, { by: "ada", why: "change <freeze>" });
    const { body } = await read(ops, "/cases?case_id=4711");
    expect(body).toContain("Waits: paused by ada: change &#60;freeze&#62;");
    expect(body).toContain("data-changes");
  });

  it("is told of every change while a job is not done", async () => {
    const ops = await openOps();
    const job = await ops.client.enqueue("update_incident", UPDATE);
    const [, path = ""] = /data-changes="([^"]+)"/.exec((await read(ops, "/cases?case_id=4711")).body) ?? [];
    const heard = await fetch(`${ops.url}${path.replaceAll("&#38;", "&").replaceAll("&#61;", "=")}`);
    expect(heard.headers.get("content-type")).toBe("text/event-stream");
    const reader = heard.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? "";
    await finishJob(ops, job, { is_success: true, output_message: "done" });
    while (!text.includes("event: change")) text += (await reader?.read())?.value ?? "";
    await reader?.cancel();
    expect((await read(ops, "/cases?case_id=4711")).body).toContain("data-final");
  });

  it("leads from the summary of a bulk run to the run, also after its failed items were tried again", async () => {
    const ops = await openOps();
    const store = new ResultStore(ops.redis, ops.prefix);
    for (const jobId of ["r1", "r1-retry-1"]) {
      const head = { ...headOf({ caseId: "4711", jobId }), action: RUN_ACTION };
      await store.create({ head, inputHash: jobId, expiresInMs: KEEP_MS, keepMs: KEEP_MS });
    }
    const { body } = await read(ops, "/cases?case_id=4711");
    expect(body.match(/<a href="\/runs\/r1">r1<\/a>/g)).toHaveLength(2);
  });

  it("has fifty jobs on a page, the newest first", async () => {
    const ops = await openOps();
    const jobs = Array.from({ length: 51 }, () => ({ action: "update_incident" as const, input: UPDATE }));
    const enqueued = await ops.client.enqueueMany(jobs);
    const [first, second] = [
      await read(ops, "/cases?case_id=4711"),
      await read(ops, "/cases?case_id=4711&page=2"),
    ];
    expect(first.body.match(/<article>/g)).toHaveLength(50);
    expect(first.body).toContain("Page 1 of 2");
    expect(first.body).not.toContain(`id="${enqueued[0]?.jobId}"`);
    expect(second.body.match(/<article>/g)).toHaveLength(1);
    expect(second.body).toContain(`id="${enqueued[0]?.jobId}"`);
    const past = await read(ops, "/cases?case_id=4711&page=3");
    expect(past).toMatchObject({ status: 303, headers: { location: "/cases?case_id=4711" } });
  });

  it.each(["/cases?case_id=unknown", "/cases?incident_id=404"])(
    "says that nothing is known: %s",
    async (path) => {
      const { status, body } = await read(await openOps(), path);
      expect(status).toBe(200);
      expect(body).toContain("Nothing is known here.");
    },
  );

  it.each([
    ["/cases?incident_id=29&instance=UPPER", 400],
    ["/cases?case_id=", 400],
    ["/cases/job?case_id=4711", 400],
    ["/cases/job?case_id=4711&job_id=none", 404],
    ["/cases/rows.csv?case_id=4711&job_id=none", 404],
    ["/cases/changes", 400],
  ])("refuses what makes no sense: %s", async (path, status) => {
    expect(await read(await openOps(), path)).toMatchObject({ status });
  });
});

it("a person is told what went wrong on a page, and a program in JSON", async () => {
  const ops = await openOps();
  for (const [path, status, text] of [
    ["/nowhere", 404, "there is no such page"],
    ["/cases/job?case_id=4711", 400, "job_id: "],
  ] as const) {
    const page = await ask(`${ops.url}${path}`, { headers: { accept: "text/html,*/*" } });
    expect(page).toMatchObject({ status, headers: { "content-type": "text/html; charset=utf-8" } });
    expect(page.body.toLowerCase()).toContain(`role="alert">${text}`);
    const { body } = await read(ops, path);
    expect(JSON.parse(body)).toEqual({ error: expect.stringContaining(text) });
  }
});

it("the page of an incident shows its jobs of all cases", async () => {
  const ops = await openOps();
  await ops.client.enqueue("update_incident", UPDATE);
  await ops.client.enqueue("update_incident", { ...UPDATE, case_id: "a b&c" });
  const { body } = await read(ops, "/cases?incident_id=29");
  expect(body).toContain('href="/cases?case_id&#61;4711"');
  expect(body).toContain('href="/cases?case_id&#61;a+b%26c"');
});

describe("the page of a job", () => {
  it("is told of changes until the job is done", async () => {
    const ops = await openOps();
    const job = await ops.client.enqueue("update_incident", UPDATE);
    const path = `/cases/job?case_id=4711&job_id=${job.jobId}`;
    expect((await read(ops, path)).body).toContain('data-changes="/cases/changes?case_id&#61;4711');
    await finishJob(ops, job, { is_success: true, output_message: "done" });
    const { body } = await read(ops, path);
    expect(body).toContain("data-final");
    expect(body).toContain("<h1>update_incident of case 4711</h1>");
  });

  it("shows its rows by page, and sorted by a column either way", async () => {
    const ops = await openOps();
    const { caseId, jobId } = await ops.client.enqueue("execute_custom_query", HUNT);
    await finishJob(ops, { caseId, jobId }, { is_success: true, kql: "AlertInfo" }, rowsOf(120));
    const page = async (more: string) =>
      (await read(ops, `/cases/job?case_id=4711&job_id=${jobId}${more}`)).body;
    const firstOf = (body: string) => /<tbody><tr><td>(\d+)</.exec(body)?.[1];
    expect(await page("")).toContain("Page 1 of 3, 120 rows");
    expect(firstOf(await page("&page=3"))).toBe("100");
    expect(firstOf(await page("&sort=Title"))).toBe("7"); // "=cmd()" comes before "row 1".
    expect(firstOf(await page("&sort=Id&desc=1"))).toBe("119");
    expect(firstOf(await page("&sort=none&page=x"))).toBe("0");
    expect(await page("&sort=Id")).toContain('aria-sort="ascending"');
  });

  it("says of rows that are not kept any more that they are gone", async () => {
    const ops = await openOps();
    const { caseId, jobId } = await ops.client.enqueue("execute_custom_query", HUNT);
    await finishJob(ops, { caseId, jobId }, { is_success: true }, rowsOf(2));
    await ops.redis.hset(caseKeys(ops.prefix, caseId).record(jobId), { rows_key: "", rows_expired: 1 });
    const { status, body } = await read(ops, `/cases/job?case_id=4711&job_id=${jobId}`);
    expect(status).toBe(200);
    expect(body).toContain("The rows are not kept any more");
    expect(body).not.toContain("rows.csv");
    expect(await read(ops, `/cases/rows.csv?case_id=4711&job_id=${jobId}`)).toMatchObject({ status: 404 });
  });

  it("gives all rows as CSV that no spreadsheet runs", async () => {
    const ops = await openOps();
    const { caseId, jobId } = await ops.client.enqueue("execute_custom_query", HUNT);
    await finishJob(ops, { caseId, jobId }, { is_success: true }, rowsOf(2_500));
    const { body, headers } = await read(ops, `/cases/rows.csv?case_id=4711&job_id=${jobId}`);
    const lines = body.trimEnd().split("\n");
    expect(lines).toHaveLength(2_501);
    expect(lines[0]).toBe("Id,Title");
    expect(lines[8]).toBe("7,'=cmd()");
    expect(lines[2_500]).toBe("2499,row 1");
    expect(headers["content-disposition"]).toBe(`attachment; filename="rows-${jobId}.csv"`);
  });
});

it("text from outside is inert in every field", async () => {
  const ops = await openOps();
  const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>`;
  const script = `javascript:alert(3)`;
  const input = { ...HUNT, case_id: evil, query: "AlertInfo" };
  const { caseId, jobId } = await ops.client.enqueue("execute_custom_query", input, { requestedBy: evil });
  const found = {
    output_message: evil,
    kql: evil,
    warnings: [evil],
    incident: { id: evil, requested_id: evil, url: script },
  };
  await finishJob(ops, { caseId, jobId }, found, [{ [evil]: evil, b: { deep: evil } }]);
  const place = new URLSearchParams({ case_id: caseId, job_id: jobId, sort: evil, incident_id: evil });
  for (const path of ["/cases", "/cases/job"]) {
    const { body } = await read(ops, `${path}?${place}`);
    expect(body).toContain("&#60;img");
    expect(body).not.toMatch(/<img|<script>|href="javascript/);
  }
});
