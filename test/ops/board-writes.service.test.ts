import { describe, expect, it, onTestFinished } from "vitest";
import { jobSchema } from "../../src/contract/job.ts";
import { findingsSchema } from "../../src/contract/result.ts";
import { runsQueueName } from "../../src/queue/names.ts";
import { addTickets } from "../../src/queue/run-tickets.ts";
import { caseKeys } from "../../src/results/keys.ts";
import { ResultStore } from "../../src/results/store.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { fillQueue, INCIDENTS, listQueues, UPDATE, writesFor } from "./bull-board.ts";
import { ask } from "./http.ts";
import { failNextJob, openOps, openWorker } from "./opened.ts";

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

  it("does not send a write of unknown outcome again when its result has expired", async () => {
    const ops = await openOps({ OPS_WRITES: "on" });
    const job = await ops.client.enqueue("update_incident", UPDATE);
    await failNextJob(ops.prefix, INCIDENTS, "outcome_unknown: in the test");
    await ops.redis.del(caseKeys(ops.prefix, job.caseId).record(job.jobId));
    const retry = `${ops.url}/queues/api/queues/${INCIDENTS}/${job.jobId}-1/retry`;
    expect(await ask(retry, { method: "PUT", headers: { origin: ops.url } })).toMatchObject({ status: 409 });
    expect(await ops.queues.get(INCIDENTS).getJobState(`${job.jobId}-1`)).toBe("failed");
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

  it("shows the tickets of bulk runs, and lets nobody touch them", async () => {
    const ops = await openOps({ OPS_WRITES: "on" });
    const name = runsQueueName("default");
    const tickets = ops.queues.get(name);
    await addTickets(ops.queues, "default", "r1");
    await tickets.add("run", { v: 1, run_id: "r2", secret: "canary" }, { jobId: "canary-1", delay: 60_000 });
    const shown = (await listQueues(ops, name)).find((queue) => queue.name === name);
    expect(shown).toMatchObject({ readOnlyMode: true, description: expect.stringContaining("/runs") });
    expect(shown?.jobs.map(({ data }) => data)).toEqual([
      { run_id: "r1" },
      { run_id: "r1" },
      { run_id: "r2" },
    ]);
    const before = await tickets.getJobCounts();
    for (const path of ["canary-1/clean", "canary-1/promote", "clean/delayed", "promote", "pause"]) {
      const url = `${ops.url}/queues/api/queues/${name}/${path}`;
      expect([path, (await ask(url, { method: "PUT", headers: { origin: ops.url } })).status]).toEqual([
        path,
        405,
      ]);
    }
    await ask(`${ops.url}/queues/api/queues/pause`, { method: "PUT", headers: { origin: ops.url } });
    expect([await tickets.getJobCounts(), await tickets.isPaused()]).toEqual([before, false]);
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
