/** The whole pipe on a Redis Cluster of three masters. */
import { describe, expect, it } from "vitest";
import type { Client, Result } from "../../producers/client.ts";
import type { RunStatus } from "../../src/bulk/run.ts";
import { check } from "./checker.ts";
import { openCluster } from "./cluster.ts";
import { answerQueries } from "./consuming.ts";
import { allOver, assign, hunt, times } from "./jobs.ts";
import { openFaultRig } from "./rig.ts";

const LIMIT = { lane: "hunting", calls: 30, windowMs: 4_000 } as const;
const INLINE_ROWS = 100;

describe.concurrent("on a cluster", { timeout: 180_000 }, () => {
  it("all six actions are done, waited for, followed and read by page", async (context) => {
    const cluster = await openCluster(context);
    const rig = await openFaultRig(context, { ...cluster.rig, env: { RESULT_INLINE_ROWS: "100" } });
    const { client } = rig;
    await Promise.all([rig.startWorker(), rig.startWorker()]);
    const finals = new Map<string, Result>();
    const followed = (async () => {
      for await (const result of client.followCase("4711")) {
        if (result.finished_at !== null) finals.set(result.job_id, result);
        if (finals.size === 6) return;
      }
    })();
    const entity = { Identifier: "192.0.2.7", EntityType: "ADDRESS" };
    const jobs = [
      await rig.accept("ping", {}),
      await rig.accept("add_comment_to_incident", { incident_id: 29, comment: "contained" }),
      await rig.accept("update_incident", { incident_id: 29, assign_to: "ada@contoso.com" }),
      await rig.accept("execute_query", { table_names: "AlertInfo" }),
      await rig.accept("execute_entity_query", {
        table_names: "DeviceNetworkEvents",
        ip_entity_key: "RemoteIP",
        target_entities: [entity],
      }),
      await rig.accept("execute_custom_query", { query: "BigTable", max_results_to_return: 1_000 }),
    ];
    const results = await allOver(rig, jobs, 60_000);
    await followed;
    expect(results.map(({ status }) => status)).toEqual(jobs.map(() => "completed"));
    expect(results.map(({ job_id }) => finals.get(job_id))).toEqual(results);
    expect(await client.resultsForCase("4711")).toEqual(results);
    expect((await client.resultsForIncident("29")).map(({ job_id }) => job_id)).toEqual(
      jobs.slice(1, 3).map(({ jobId }) => jobId),
    );
    const [, , , , , query] = jobs;
    expect(results.at(-1)?.json_result).toHaveLength(INLINE_ROWS);
    const page = query === undefined ? null : await client.rows(query, { offset: 900, limit: 500 });
    expect([page?.rows.length, page?.total]).toEqual([100, 1_000]);
    await check(rig);
  });

  it("a bulk run selects, writes each incident once, and is undone", async (context) => {
    const cluster = await openCluster(context);
    const rig = await openFaultRig(context, cluster.rig);
    const { bulk } = rig.client;
    await Promise.all([rig.startWorker(), rig.startWorker()]);
    const before = await rig.simulator.incidents();
    const ids = before.filter(({ status }) => status === "active").map(({ id }) => String(id));
    const finish = async (runId: string): Promise<RunStatus | null> => {
      await bulk.start(runId);
      let last: RunStatus | null = null;
      for await (const run of bulk.follow(runId)) last = run;
      return last;
    };
    const { run } = await bulk.draft({ where: { status: "Active" }, change: { status: "Resolved" } });
    await selected(bulk, run.run_id);
    const done = await finish(run.run_id);
    expect(done).toMatchObject({ state: "done", counts: { waiting: 0, in_hand: 0, failed: {} } });
    expect(done?.counts.changed).toBeGreaterThan(1);
    const undo = await bulk.draftUndo(run.run_id);
    expect(await finish(undo.run.run_id)).toMatchObject({
      state: "done",
      counts: { changed: done?.counts.changed },
    });
    const { patch = {} } = await rig.simulator.countEffects();
    expect(Object.keys(patch).every((id) => ids.includes(id))).toBe(true);
    expect(new Set(Object.values(patch))).toEqual(new Set([2]));
    const after = await rig.simulator.incidents();
    expect(after.map(({ id, status }) => [id, status])).toEqual(before.map(({ id, status }) => [id, status]));
  });

  it("updates to one incident keep their order, also behind one that is throttled", async (context) => {
    const cluster = await openCluster(context);
    const rig = await openFaultRig(context, cluster.rig);
    const fault = { status: 429, headers: { "Retry-After": "2" } };
    await rig.simulator.addFault({ match: { method: "PATCH", path: "/incidents/29$" }, times: 1, fault });
    await Promise.all([rig.startWorker(), rig.startWorker()]);
    const jobs = await rig.acceptMany(times(4, (index) => assign(29, `analyst-${index}`)));
    await allOver(rig, jobs, 60_000);
    const { ledger } = await check(rig);
    expect(ledger.effects.map(({ what }) => what)).toMatchObject(
      times(4, (index) => ({ assignedTo: `analyst-${index}@contoso.com` })),
    );
  });

  it("two workers stay inside one quota, and use it", async (context) => {
    const cluster = await openCluster(context);
    const env = { DEFENDER_HUNTING_LIMITS: `${LIMIT.calls}/${LIMIT.windowMs}ms` };
    const rig = await openFaultRig(context, { ...cluster.rig, env });
    await answerQueries(rig);
    await Promise.all([rig.startWorker(), rig.startWorker()]);
    const jobs = await rig.acceptMany(times(3 * LIMIT.calls, (index) => hunt(`call ${index}`)));
    await allOver(rig, jobs, 60_000);
    const { ledger } = await check(rig, { limits: [LIMIT] });
    const timesMs = ledger.arrivals.filter(({ lane }) => lane === "hunting").map(({ timeMs }) => timeMs);
    expect(timesMs).toHaveLength(jobs.length);
    // Three windows begin two windows apart; one more would mean that slots do not come back when they should.
    expect(Math.max(...timesMs) - Math.min(...timesMs)).toBeLessThan(3 * LIMIT.windowMs);
    for (const { log } of rig.workers) expect(log.join("\n")).toContain('"job.completed"');
  });

  it("a job is cancelled, and one that failed is found and asked for again", async (context) => {
    const cluster = await openCluster(context);
    const rig = await openFaultRig(context, cluster.rig);
    const { client } = rig;
    const unwanted = await rig.accept("add_comment_to_incident", { incident_id: 29, comment: "too soon" });
    expect(await client.cancel(unwanted)).toEqual({ cancelled: true, sent: false });
    await rig.simulator.addFault({ match: { path: "/incidents/7$" }, times: 1, fault: { status: 403 } });
    await Promise.all([rig.startWorker(), rig.startWorker()]);
    const refused = await rig.accept("update_incident", { incident_id: 7, assign_to: "ada@contoso.com" });
    expect(await client.waitForResult(refused, { timeoutMs: 60_000 })).toMatchObject({ status: "failed" });
    // Listed once BullMQ has heard of it too, a moment after its result.
    await rig.simulator.clearFaults();
    const listed = await firstFailed();
    expect(listed).toMatchObject({ jobId: refused.jobId, code: "permission_denied" });
    expect(await client.failedJob(refused)).toMatchObject({ input: { incident_id: "7" } });
    await client.retry(refused);
    expect(await rig.finish(refused)).toMatchObject({ status: "completed", is_success: true });
    await check(rig, { failures: ["cancelled"] });

    async function firstFailed() {
      for (;;) for await (const job of client.failed()) if (job.jobId === refused.jobId) return job;
    }
  });
});

async function selected(bulk: Client["bulk"], runId: string): Promise<void> {
  await expect.poll(async () => (await bulk.look(runId)).run.is_selected, { timeout: 30_000 }).toBe(true);
}
