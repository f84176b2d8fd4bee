/** Runs that select by a filter, and drafts of them. */
import { describe, expect, it } from "vitest";
import { changeSchema } from "../../../src/bulk/change.ts";
import type { RunSpec } from "../../../src/bulk/run.ts";
import { whereSchema } from "../../../src/bulk/selection.ts";
import type { SimulatorControl } from "../../support/control.ts";
import { collectWarnings } from "../../support/warnings.ts";
import { openBulk } from "./opened-run.ts";

const RESOLVE = changeSchema.parse({ status: "resolved" });

function over(where: object, more: Partial<RunSpec> = {}): Partial<RunSpec> {
  const selection = { kind: "filter", where: whereSchema.parse(where), filter: null } as const;
  return { selection, change: RESOLVE, ...more };
}

async function readsOf(simulator: Pick<SimulatorControl, "ledger">) {
  const { arrivals } = await simulator.ledger();
  return arrivals.filter(({ method, path }) => method === "GET" && path.includes("/incidents"));
}

describe("a run over a filter", () => {
  it("lists on the worker, and writes what it selected with one look for fifty", async () => {
    const { simulator, startWorker, runOver, end, effects, outcomes, balance } = await openBulk();
    await simulator.reset(130);
    const active = (await simulator.incidents()).filter(({ status }) => status === "active");
    const ids = active.map(({ id }) => String(id)).sort((a, b) => Number(a) - Number(b));
    await runOver(over({ status: ["active"] }));
    await startWorker();
    const run = await end();
    expect(run).toMatchObject({ state: "done", counts: { selected: ids.length, changed: ids.length } });
    expect((await effects()).sort()).toEqual(ids.map((id) => `patch ${id}`).sort());
    const found = await outcomes();
    expect(found.map(({ id }) => id)).toEqual(ids);
    for (const { before } of found) expect(before).toEqual({ status: "active" });
    const pages = Math.ceil(ids.length / 50);
    // The listing, and as many looks; who looks while others are written has less of a page for itself.
    expect((await readsOf(simulator)).length).toBeLessThanOrEqual(2 * pages + 2);
    await balance();
  });

  it("leaves alone what somebody changed since it was listed", async () => {
    const { simulator, store, startWorker, runOver, until, end, outcomes, effects } = await openBulk();
    await runOver(
      over(
        { title_contains: "incident" },
        { change: changeSchema.parse({ assign_to: "grace@contoso.com" }) },
      ),
      true,
    );
    const stop = await startWorker();
    const { counts } = await until("r1", ({ is_selected }) => is_selected);
    expect(counts.selected).toBeGreaterThan(1);
    await stop();
    const [first] = (await simulator.incidents()).filter(
      ({ redirectIncidentId, displayName }) =>
        !redirectIncidentId && String(displayName).toLowerCase().includes("incident"),
    );
    const id = String(first?.["id"]);
    await simulator.editIncident(id, { assignedTo: "ada@contoso.com" });
    await store.start("r1");
    await startWorker();
    await end();
    const outcome = (await outcomes()).find((each) => each.id === id);
    expect(outcome).toMatchObject({ result: "skipped", reason: "changed" });
    expect(await effects()).not.toContain(`patch ${id}`);
  });

  it("selects no more than its limit", async () => {
    const { simulator, startWorker, runOver, end, effects } = await openBulk();
    await simulator.reset(130);
    await runOver(over({ status: ["active"] }, { limit: 7 }));
    await startWorker();
    expect(await end()).toMatchObject({ counts: { selected: 7, changed: 7 } });
    expect(await effects()).toHaveLength(7);
  });

  it("fails with Defender's words when Defender refuses the filter", async () => {
    const { client, startWorker, runOver, end } = await openBulk();
    const selection = { kind: "filter", where: whereSchema.parse({}), filter: "colour eq 'red'" } as const;
    await runOver({ selection, change: RESOLVE });
    await startWorker();
    const run = await end();
    expect(run).toMatchObject({ state: "failed", counts: { selected: 0 } });
    expect(run.reason).toMatch(/^[a-z_]+: ./);
    const result = await client.waitForResult({ caseId: "4711", jobId: "r1" }, { timeoutMs: 20_000 });
    expect(result).toMatchObject({ status: "failed", json_result: { state: "failed" } });
    expect(result.error?.code).not.toBe("internal_error");
  });
});

describe("a draft", () => {
  it("of a filter says what would change, and writes nothing; started, it selects nothing anew", async () => {
    const { simulator, store, reader, startWorker, runOver, until, end, effects, outcomes } =
      await openBulk();
    await simulator.reset(130);
    const active = (await simulator.incidents()).filter(({ status }) => status === "active");
    await runOver(over({ status: ["active"] }), true);
    await startWorker();
    const draft = await until("r1", ({ is_selected }) => is_selected);
    expect(draft).toMatchObject({ state: "selecting", is_draft: true, counts: { selected: active.length } });
    expect(await readsOf(simulator)).toHaveLength(Math.ceil(active.length / 50));
    const plan = await reader.plan("r1");
    expect(plan).toMatchObject({
      is_complete: true,
      looked_at: active.length,
      unchanged: 0,
      changes: [{ field: "status", from: "active", to: "resolved", count: active.length }],
    });
    expect(plan.sample).toHaveLength(Math.min(20, active.length));
    expect(plan.sample[0]).toMatchObject({ before: { status: "active" }, after: { status: "resolved" } });
    expect(await effects()).toEqual([]);
    await store.start("r1");
    await end();
    expect(await outcomes()).toHaveLength(active.length);
  });

  it("of ids looks at the first fifty of them, and passes over those that are not there", async () => {
    const warnings = collectWarnings();
    const { simulator, reader, store, startWorker, runOver, effects } = await openBulk();
    await simulator.reset(60);
    await simulator.editIncident("1", { status: "resolved" }).catch(() => undefined);
    const all = (await simulator.incidents()).map(({ id }) => String(id));
    await runOver({ change: RESOLVE }, true);
    await store.addItems(
      "r1",
      ["999999", ...all].map((id) => ({ id })),
    );
    await store.endSelection("r1");
    await startWorker();
    await expect.poll(async () => (await reader.plan("r1")).is_complete, { timeout: 20_000 }).toBe(true);
    const plan = await reader.plan("r1");
    expect(plan.looked_at).toBe(49);
    expect(await readsOf(simulator)).toHaveLength(50);
    expect(plan.unchanged + plan.changes.reduce((sum, { count }) => sum + count, 0)).toBe(49);
    expect(await effects()).toEqual([]);
    expect(warnings).toEqual([]);
  });
});
