/** Runs that are stopped, go wrong, meet others, or give way. */
import { describe, expect, it } from "vitest";
import { changeSchema } from "../../../src/bulk/change.ts";
import { openBulk } from "./opened-run.ts";

const ASSIGN = changeSchema.parse({ assign_to: "grace@contoso.com" });

async function openMany(env: Readonly<Record<string, string>> = {}) {
  const bulk = await openBulk(env);
  await bulk.simulator.reset(120);
  const all = (await bulk.simulator.incidents()).filter(({ redirectIncidentId }) => !redirectIncidentId);
  return { ...bulk, ids: all.map(({ id }) => String(id)) };
}

describe("a run", () => {
  it("that is paused writes nothing until it is resumed, and ends with each written once", async () => {
    const { ids, store, startWorker, runOn, until, end, effects, status, balance } = await openMany({
      DEFENDER_INCIDENT_LIMITS: "20/500ms",
    });
    await runOn(ids, { change: ASSIGN });
    await startWorker();
    await until("r1", ({ counts }) => counts.changed > 5);
    await store.pause("r1", "lunch");
    await until("r1", ({ counts }) => counts.in_hand === 0);
    const before = await effects();
    expect(before.length).toBe((await status("r1")).counts.changed);
    expect(before.length).toBeLessThan(ids.length);
    await balance();
    await store.resume("r1");
    expect(await end()).toMatchObject({ state: "done", counts: { changed: ids.length } });
    expect((await effects()).sort()).toEqual(ids.map((id) => `patch ${id}`).sort());
  });

  it("that is cancelled says what it left, in its result too", async () => {
    const { ids, client, store, startWorker, runOn, until, balance } = await openMany({
      DEFENDER_INCIDENT_LIMITS: "20/500ms",
    });
    await runOn(ids, { change: ASSIGN });
    await startWorker();
    await until("r1", ({ counts }) => counts.changed > 5);
    await store.cancel("r1");
    const result = await client.waitForResult({ caseId: "4711", jobId: "r1" }, { timeoutMs: 20_000 });
    expect(result).toMatchObject({ status: "failed", error: { code: "cancelled" } });
    await balance();
  });

  it("that goes wrong pauses itself, and tries what failed once more when it is asked to", async () => {
    const { ids, simulator, store, startWorker, runOn, until, end, effects, outcomes } = await openMany();
    await simulator.addFault({ match: { method: "PATCH" }, fault: { status: 403 }, times: null });
    await runOn(ids, { change: ASSIGN, max_failures: { count: 2 } });
    await startWorker();
    const run = await until("r1", ({ state, counts }) => state === "paused" && counts.in_hand === 0);
    expect(run.reason).toMatch(/^\d+ incidents failed, and 2 may$/);
    expect(run.counts.failed).toMatchObject({ permission_denied: expect.any(Number) });
    await simulator.clearFaults();
    await store.retryFailed("r1");
    expect((await store.resume("r1")).counts.failed).toEqual({});
    expect(await end()).toMatchObject({ state: "done", counts: { changed: ids.length, failed: {} } });
    expect((await outcomes()).every(({ result }) => result === "changed")).toBe(true);
    expect((await effects()).sort()).toEqual(ids.map((id) => `patch ${id}`).sort());
  });

  it("that is done tries what failed once more, with a result of its own", async () => {
    const { simulator, client, store, startWorker, runOn, end } = await openMany();
    await runOn(["999999"], { change: ASSIGN, max_failures: { count: 9 } });
    await startWorker();
    await end();
    await client.waitForResult({ caseId: "4711", jobId: "r1" }, { timeoutMs: 20_000 });
    await store.retryFailed("r1");
    expect(await end()).toMatchObject({ state: "done", counts: { failed: { not_found: 1 } } });
    const again = await client.waitForResult({ caseId: "4711", jobId: "r1-retry-1" }, { timeoutMs: 20_000 });
    expect(again).toMatchObject({ status: "completed", is_success: false });
    expect(await simulator.countEffects()).toEqual({ patch: {}, comment: {} });
  });

  it("skips what a run that started earlier holds", async () => {
    const { ids, startWorker, runOn, end, outcomes, simulator } = await openMany();
    await runOn(ids, { change: ASSIGN, run_id: "first" });
    await runOn(ids.slice(60), {
      change: changeSchema.parse({ assign_to: "ada@contoso.com" }),
      run_id: "second",
    });
    await startWorker();
    await Promise.all([end("first"), end("second")]);
    const first = await outcomes("first");
    expect(first.every(({ result }) => result === "changed")).toBe(true);
    const skipped = (await outcomes("second")).filter(({ result }) => result === "skipped");
    expect(skipped.length).toBeGreaterThan(0);
    for (const { reason } of skipped) expect(reason).toBe("in_another_run");
    for (const { id } of skipped)
      expect(await simulator.incident(id)).toMatchObject({ assignedTo: "grace@contoso.com" });
  });

  it("gives way to a write that was accepted before", async () => {
    const { simulator, client, startWorker, runOn, end, effects } = await openMany();
    await simulator.addFault({
      match: { method: "PATCH" },
      fault: { status: 429, headers: { "Retry-After": "1" } },
      times: 1,
    });
    const job = await client.enqueue("update_incident", {
      case_id: "4711",
      incident_id: 29,
      add_tags: "seen",
    });
    await runOn(["29"], { change: ASSIGN });
    await startWorker();
    await Promise.all([end(), client.waitForResult(job, { timeoutMs: 30_000 })]);
    expect(await effects()).toEqual(["patch 29", "patch 29"]);
    const { effects: writes } = await simulator.ledger();
    expect(writes[0]?.what).toMatchObject({ customTags: expect.any(Array) });
    expect(writes[1]?.what).toEqual({ assignedTo: "grace@contoso.com" });
  });
});

describe("two runs", () => {
  it("get the same part of what bulk may spend while both wait", async () => {
    const { ids, simulator, startWorker, runOn, until } = await openMany({
      DEFENDER_INCIDENT_LIMITS: "50/500ms",
    });
    const half = ids.length / 2;
    const [ours, theirs] = [ids.slice(0, half), ids.slice(half)];
    await runOn(ours, { change: ASSIGN, run_id: "a", verify: false });
    await runOn(theirs, { change: ASSIGN, run_id: "b", verify: false });
    await startWorker();
    await until("a", ({ state }) => state === "done");
    await until("b", ({ state }) => state === "done");
    const { effects } = await simulator.ledger();
    const whose = effects.map(({ incidentId }) => (ours.includes(incidentId) ? "a" : "b"));
    const whileBoth = whose.slice(0, Math.min(whose.lastIndexOf("a"), whose.lastIndexOf("b")) + 1);
    const of = (run: string) => whileBoth.filter((each) => each === run).length;
    expect(Math.abs(of("a") - of("b"))).toBeLessThanOrEqual(0.1 * whileBoth.length);
  });
});
