/** A run over ids that were given, from its tickets to its report. */
import { describe, expect, it } from "vitest";
import { changeSchema } from "../../../src/bulk/change.ts";
import { openBulk } from "./opened-run.ts";

const RESOLVE = changeSchema.parse({ status: "resolved" });

describe("a run over ids", () => {
  it("writes each incident once, with what was read before and is there after", async () => {
    const { simulator, startWorker, runOn, end, outcomes, effects, balance } = await openBulk();
    await simulator.reset(40);
    const all = (await simulator.incidents()).filter(({ redirectIncidentId }) => !redirectIncidentId);
    const ids = all.map(({ id }) => String(id)).sort((a, b) => Number(a) - Number(b));
    await runOn(ids, { change: changeSchema.parse({ assign_to: "grace@contoso.com" }) });
    await startWorker();
    const run = await end();
    expect(run).toMatchObject({ state: "done", counts: { changed: ids.length, waiting: 0, in_hand: 0 } });
    expect((await effects()).sort()).toEqual(ids.map((id) => `patch ${id}`).sort());
    const found = await outcomes();
    expect(found.map(({ id }) => id)).toEqual(ids);
    for (const { id, before, after } of found) {
      const was = all.find((incident) => incident["id"] === id);
      expect(before).toEqual({ assignedTo: was?.["assignedTo"] ?? null });
      expect(after).toEqual({ assignedTo: "grace@contoso.com" });
    }
    await balance();
  });

  it("spends no write on one that is so already, is merged, or is not there", async () => {
    const { simulator, startWorker, runOn, end, outcomes, effects } = await openBulk();
    await simulator.editIncident("29", { status: "resolved" });
    await simulator.editIncident("31", { redirectIncidentId: "29" });
    await runOn([29, 31, 999_999], { change: RESOLVE, max_failures: { count: 9 } });
    await startWorker();
    await end();
    expect(await outcomes()).toMatchObject([
      { id: "29", result: "unchanged" },
      { id: "31", result: "skipped", reason: "merged" },
      { id: "999999", result: "failed", code: "not_found" },
    ]);
    expect(await effects()).toEqual([]);
  });

  it("adds its comment once, after the update, with fields of the incident", async () => {
    const { simulator, startWorker, runOn, end, effects } = await openBulk();
    await runOn([29], { change: changeSchema.parse({ ...RESOLVE, comment: "Closed: {id}, {status}" }) });
    await startWorker();
    await end();
    expect(await effects()).toEqual(["patch 29", "comment 29"]);
    const { comments } = await simulator.incident("29");
    expect(JSON.stringify(comments)).toContain("Closed: 29, resolved");
  });

  it("tells the request id of the last write, by which Microsoft's support finds it", async () => {
    const { simulator, startWorker, runOn, end, outcomes } = await openBulk();
    await runOn([29], { change: changeSchema.parse({ ...RESOLVE, comment: "Closed" }) });
    await startWorker();
    await end();
    const { arrivals } = await simulator.ledger();
    const sent = arrivals.filter(({ method, path }) => method === "POST" && path.endsWith("/comments"));
    expect((await outcomes()).map(({ request_id: id }) => id)).toEqual(
      sent.map(({ requestId }) => requestId),
    );
  });

  it("writes nothing while DEFENDER_WRITES is off, and says so of each", async () => {
    const { startWorker, runOn, end, outcomes, effects } = await openBulk({ DEFENDER_WRITES: "off" });
    await runOn([29], { change: changeSchema.parse({ ...RESOLVE, comment: "Closed" }) });
    await startWorker();
    await end();
    expect(await outcomes()).toMatchObject([{ id: "29", result: "skipped", reason: "dry_run" }]);
    expect(await effects()).toEqual([]);
  });

  it("reads each incident once, and writes it without reading it again", async () => {
    const { simulator, startWorker, runOn, end } = await openBulk();
    await simulator.editIncident("29", { status: "active" });
    await runOn([29], { change: RESOLVE });
    await startWorker();
    await end();
    const calls = (await simulator.ledger()).arrivals.filter(({ path }) => path.includes("incidents"));
    expect(calls.map(({ method }) => method)).toEqual(["GET", "PATCH"]);
  });

  it("reads nothing when nothing is to be verified", async () => {
    const { simulator, startWorker, runOn, end, outcomes } = await openBulk();
    await runOn([29], { change: RESOLVE, verify: false });
    await startWorker();
    await end();
    const calls = (await simulator.ledger()).arrivals.filter(({ path }) => path.includes("incidents"));
    expect(calls.map(({ method }) => method)).toEqual(["PATCH"]);
    const [outcome] = await outcomes();
    expect(outcome).toMatchObject({ result: "changed", after: { status: "resolved" } });
    expect(outcome?.before).toBeUndefined();
  });

  it("is one result under its case id, there from the start and final at the end", async () => {
    const { client, startWorker, runOn, end } = await openBulk();
    await runOn([29, 31], { change: RESOLVE });
    await startWorker();
    await end();
    const result = await client.waitForResult({ caseId: "4711", jobId: "r1" }, { timeoutMs: 20_000 });
    expect(result).toMatchObject({
      action: "bulk_reclassify",
      status: "completed",
      is_success: true,
      json_result: { run_id: "r1", state: "done", counts: { selected: 2 } },
    });
    expect(await client.resultsForCase("4711")).toHaveLength(1);
  });

  it("with nothing in it is done at once", async () => {
    const { startWorker, runOn, end } = await openBulk();
    await runOn([], { change: RESOLVE });
    await startWorker();
    expect(await end()).toMatchObject({ state: "done", counts: { selected: 0 } });
  });
});
