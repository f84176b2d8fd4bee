import { appRoutes } from "@bull-board/api/dist/routes.js";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { z } from "zod";
import { jobSchema } from "../../src/contract/job.ts";
import { findingsSchema } from "../../src/contract/result.ts";
import { publishInstances } from "../../src/queue/instances.ts";
import { ResultStore } from "../../src/results/store.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { ask } from "./http.ts";
import { failNextJob, type Opened, openOps, openWorker } from "./opened.ts";

const INCIDENTS = "defender-default-incidents";
const HUNTING = "defender-default-hunting";
const CASE = { case_id: "4711", alert_group_identifiers: [] };
const UPDATE = { ...CASE, incident_id: 29, status: "Resolved" } as const;
const PUBLISHED = { jobExpiresAfterMs: 60_000, resultTtlMs: 60_000 };

const listSchema = z.object({
  queues: z.array(
    z.object({
      name: z.string(),
      readOnlyMode: z.boolean(),
      jobs: z.array(z.record(z.string(), z.unknown())),
    }),
  ),
});

async function listQueues({ url }: Opened, active = "") {
  const { body } = await ask(`${url}/queues/api/queues?activeQueue=${active}`);
  return listSchema.parse(JSON.parse(body)).queues;
}

/** Every route of Bull Board, for one queue and one job. */
function routesFor(jobId: string): { method: string; path: string }[] {
  return [appRoutes.entryPoint, ...appRoutes.api].flatMap(({ method, route }) =>
    [route].flat().map((path) => ({
      method: String(method).toUpperCase(),
      path: `/queues${path}`
        .replace(":queueName", INCIDENTS)
        .replace(":jobId", jobId)
        .replace(":queueStatus", "failed")
        .replace(":schedulerId", "none"),
    })),
  );
}
const writesFor = (jobId: string) => routesFor(jobId).filter(({ method }) => method !== "GET");

/** A failed job, and one that waits. */
async function fillQueue({ client, prefix, queues }: Opened) {
  const failed = await client.enqueue("update_incident", UPDATE);
  await failNextJob(prefix, INCIDENTS, "not_found: no such incident");
  const waiting = await client.enqueue("update_incident", UPDATE);
  const queue = queues.get(INCIDENTS);
  const state = async () => [
    await queue.getJobCounts(),
    await queue.isPaused(),
    await queue.getGlobalConcurrency(),
  ];
  return { failed: `${failed.jobId}-1`, waiting: `${waiting.jobId}-1`, state };
}

describe("the board", () => {
  it("is where / leads to, and loads nothing from elsewhere", async () => {
    const { url } = await openOps();
    expect(await ask(url)).toMatchObject({ status: 302, headers: { location: "/queues" } });
    const page = await ask(`${url}/queues`);
    expect(page.body).toContain("<title>Defender actions</title>");
    expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(page.headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "DENY" });
    const scripts = [...page.body.matchAll(/<script defer src="([^"]+)"/g)].map(([, path]) => path);
    expect(scripts).not.toEqual([]);
    for (const path of scripts) expect(await ask(`${url}/queues/${path}`)).toMatchObject({ status: 200 });
  });

  it("shows the queues of an instance that comes while it runs", async () => {
    const ops = await openOps();
    expect((await listQueues(ops)).map(({ name }) => name)).toEqual([
      INCIDENTS,
      `${INCIDENTS}-bulk`,
      HUNTING,
      `${HUNTING}-bulk`,
      "defender-default-ping",
    ]);
    await publishInstances(ops.redis, ops.prefix, ["fabrikam-eu"], PUBLISHED);
    expect((await listQueues(ops)).map(({ name }) => name)).toContain("defender-fabrikam-eu-hunting-bulk");
  });

  it("shows who asked for what, and how it failed", async () => {
    const ops = await openOps();
    await ops.client.enqueue("update_incident", UPDATE, { requestedBy: "ada" });
    await failNextJob(ops.prefix, INCIDENTS, "not_found: no such incident");
    const queue = (await listQueues(ops, INCIDENTS)).find(({ name }) => name === INCIDENTS);
    expect(queue?.jobs).toMatchObject([
      {
        name: "update_incident",
        failedReason: "not_found: the incident does not exist in this tenant",
        data: { case_id: "4711", action: "update_incident", instance: "default", requested_by: "ada" },
      },
    ]);
  });

  it("shows no argument of any job, no foreign payload and no text of a failure, on any route", async () => {
    const canary = "canary-7f3a9c";
    const ops = await openOps({ OPS_WRITES: "on" });
    const { client, queues, prefix } = ops;
    const comment = await client.enqueue("add_comment_to_incident", {
      ...CASE,
      incident_id: 29,
      comment: canary,
    });
    await failNextJob(prefix, INCIDENTS, `invalid_query: ${canary}`);
    await client.enqueue("execute_custom_query", {
      ...CASE,
      query: `AlertInfo | where Title == "${canary}"`,
    });
    const foreign = await queues.get(INCIDENTS).add("comment", { case_id: [canary], secret: canary });
    const odd = await queues.get(INCIDENTS).add("comment", canary);
    const jobs = [`${comment.jobId}-1`, foreign.id ?? "", odd.id ?? ""];
    const paths = [
      ...jobs
        .flatMap(routesFor)
        .filter(({ method }) => method === "GET")
        .map(({ path }) => path),
      ...[INCIDENTS, HUNTING].map((name) => `/queues/api/queues?activeQueue=${name}`),
      ...["/livez", "/readyz", "/metrics"],
    ];
    for (const path of paths) {
      const { status, body } = await ask(`${ops.url}${path}`);
      expect([path, status]).toEqual([path, 200]);
      expect(body).not.toContain(canary);
    }
    expect(ops.log.join("")).not.toContain(canary);
  });

  it("shows no password of Redis, also when Redis refuses it", async () => {
    const { host } = new URL(inject("redisUrl"));
    const ops = await openOps({ REDIS_URL: `redis://soar:canary-pw@${host}/0` });
    for (const path of [
      "/",
      "/queues",
      "/queues/api/queues",
      "/queues/api/redis/stats",
      "/readyz",
      "/metrics",
    ]) {
      expect((await ask(`${ops.url}${path}`)).body).not.toContain("canary-pw");
    }
    expect(ops.log.join("")).not.toContain("canary-pw");
  });

  it("answers to no other name than this machine's", async () => {
    const { url } = await openOps();
    const { port } = new URL(url);
    for (const path of ["/queues/api/queues", "/metrics", "/nowhere"]) {
      const headers = { host: `rebound.example:${port}` };
      expect(await ask(`${url}${path}`, { headers })).toMatchObject({ status: 421 });
    }
    expect(await ask(`${url}/queues`, { headers: { host: `localhost:${port}` } })).toMatchObject({
      status: 200,
    });
  });
});

describe("a board that is read-only", () => {
  it("refuses every write, and nothing changes", async () => {
    const ops = await openOps();
    const { failed, waiting, state } = await fillQueue(ops);
    const before = await state();
    for (const { method, path } of [failed, waiting].flatMap(writesFor)) {
      const { status } = await ask(`${ops.url}${path}`, { method, headers: { origin: ops.url } });
      expect([method, path, status]).toEqual([method, path, 405]);
    }
    expect(await ask(ops.url, { method: "DELETE" })).toMatchObject({
      status: 405,
      headers: { allow: "GET, HEAD" },
    });
    expect(await state()).toEqual(before);
    expect((await listQueues(ops)).every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
  });
});

describe("a board with writes on", () => {
  it.each([{}, { origin: "null" }, { origin: "http://evil.example" }, { origin: "http://localhost:1" }])(
    "refuses every write from elsewhere, and nothing changes: %o",
    async (headers) => {
      const ops = await openOps({ OPS_WRITES: "on" });
      const { failed, waiting, state } = await fillQueue(ops);
      const before = await state();
      for (const { method, path } of [failed, waiting].flatMap(writesFor)) {
        const { status } = await ask(`${ops.url}${path}`, { method, headers: { ...headers } });
        expect([method, path, status]).toEqual([method, path, 403]);
      }
      expect(await state()).toEqual(before);
    },
  );

  it("neither adds nor edits jobs, nor does away with a queue", async () => {
    const ops = await openOps({ OPS_WRITES: "on" });
    const { failed, state } = await fillQueue(ops);
    const before = await state();
    const allowed = /\/(?:pause|resume|promote|retry|clean)(?:\/failed)?$/;
    const refused = writesFor(failed).filter(({ path }) => !allowed.test(path));
    expect(refused.length).toBeGreaterThan(10);
    for (const { method, path } of refused) {
      const { status } = await ask(`${ops.url}${path}`, { method, headers: { origin: ops.url } });
      expect([method, path, status]).toEqual([method, path, 403]);
    }
    expect(await state()).toEqual(before);
  });

  it("retries a failed job, which then runs and completes", async () => {
    const ops = await openOps({ OPS_WRITES: "on" });
    const simulator = await startSimulator({ warmUp: false });
    onTestFinished(simulator.close);
    await fetch(`${simulator.url}/_sim/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ match: { method: "PATCH" }, times: 1, fault: { status: 404 } }),
    });
    await openWorker(ops.prefix, { simulator });
    const job = await ops.client.enqueue("update_incident", UPDATE);
    const first = await ops.client.waitForResult(job, { timeoutMs: 20_000 });
    expect(first).toMatchObject({ status: "failed", error: { code: "not_found" } });
    await expect
      .poll(() => ops.queues.stateOf({ queue: INCIDENTS, queueJobId: `${job.jobId}-1` }))
      .toBe("failed");

    const retry = `${ops.url}/queues/api/queues/${INCIDENTS}/${job.jobId}-1/retry`;
    expect(await ask(retry, { method: "PUT", headers: { origin: ops.url } })).toMatchObject({ status: 204 });

    const second = await ops.client.waitForResult(job, { timeoutMs: 20_000 });
    expect(second).toMatchObject({ status: "completed", is_success: true });
    expect(await ops.queues.stateOf({ queue: INCIDENTS, queueJobId: `${job.jobId}-1` })).toBe("unknown");
  });

  it("does not retry a write whose outcome is unknown, and retries the others with it", async () => {
    const ops = await openOps({ OPS_WRITES: "on" });
    const store = new ResultStore(ops.redis, ops.prefix);
    const queue = ops.queues.get(INCIDENTS);
    const fail = async (code: "outcome_unknown" | "not_found") => {
      const job = await ops.client.enqueue("update_incident", UPDATE);
      const error = { code, message: "", retryable: false };
      const findings = findingsSchema.parse({ error });
      await store.abandon(job, 1, { status: "failed", findings, attempts: 1 }, 60_000);
      await failNextJob(ops.prefix, INCIDENTS, `${code}: in the test`);
      return job;
    };
    const open = await fail("outcome_unknown");
    const closed = await fail("not_found");
    const put = (path: string) =>
      ask(`${ops.url}/queues/api/queues/${INCIDENTS}/${path}`, {
        method: "PUT",
        headers: { origin: ops.url },
      });

    expect(await put(`${open.jobId}-1/retry`)).toMatchObject({ status: 409 });
    expect(await put("retry/failed")).toMatchObject({ status: 200 });

    expect((await queue.getFailed()).map(({ id }) => id)).toEqual([`${open.jobId}-1`]);
    const [waiting] = await queue.getWaiting();
    expect(jobSchema.parse(waiting?.data)).toMatchObject({ job_id: closed.jobId, generation: 2 });
    expect(await ops.client.result(closed)).toMatchObject({ status: "queued", error: null });
  });

  it("lets a payload that cannot be read fail once more", async () => {
    const ops = await openOps({ OPS_WRITES: "on" });
    const queue = ops.queues.get(INCIDENTS);
    const foreign = await queue.add("comment", { v: 99 });
    await failNextJob(ops.prefix, INCIDENTS, "invalid_input: not a job");
    const retry = `${ops.url}/queues/api/queues/${INCIDENTS}/${foreign.id}/retry`;
    expect(await ask(retry, { method: "PUT", headers: { origin: ops.url } })).toMatchObject({ status: 204 });
    expect(await queue.getJobState(foreign.id ?? "")).toBe("waiting");
  });

  it("pauses and resumes a queue", async () => {
    const ops = await openOps({ OPS_WRITES: "on" });
    const queue = ops.queues.get(INCIDENTS);
    for (const [verb, isPaused] of [
      ["pause", true],
      ["resume", false],
    ] as const) {
      const path = `${ops.url}/queues/api/queues/${INCIDENTS}/${verb}`;
      expect(await ask(path, { method: "PUT", headers: { origin: ops.url } })).toMatchObject({ status: 200 });
      expect(await queue.isPaused()).toBe(isPaused);
    }
  });
});
