import { describe, expect, it } from "vitest";
import { completed, failedAs, headOf, KEEP_MS, openResults } from "./opened-store.ts";

const JOB = { caseId: "4711", jobId: "j1" };

describe("creating a record", () => {
  it("makes a queued result that is visible at once", async () => {
    const { create, reader } = openResults();
    const created = await create(JOB);
    expect(created).toMatchObject({ verdict: "created", status: "queued", generation: 1, head: headOf(JOB) });
    expect(await reader.result(JOB)).toMatchObject({
      v: 1,
      case_id: "4711",
      job_id: "j1",
      status: "queued",
      is_success: false,
      attempts: 0,
      requested_by: "ada",
      alert_group_identifiers: ["group-1"],
      started_at: null,
      finished_at: null,
      waiting: null,
      error: null,
    });
  });

  it("again with the same input is the same job, also when it runs and when it completed", async () => {
    const { create, start, store } = openResults();
    await create(JOB);
    expect(await create(JOB)).toMatchObject({ verdict: "same", status: "queued", generation: 1 });
    const fence = await start(JOB);
    expect(await create(JOB)).toMatchObject({ verdict: "same", status: "running" });
    await store.finish(fence, completed(), KEEP_MS);
    expect(await create(JOB)).toMatchObject({ verdict: "same", status: "completed", generation: 1 });
  });

  it("again with other input is a conflict, and changes nothing", async () => {
    const { create, reader } = openResults();
    await create(JOB);
    const before = await reader.result(JOB);
    expect(await create(JOB, { inputHash: "other" })).toEqual({ verdict: "conflict" });
    expect(await reader.result(JOB)).toEqual(before);
  });

  it.each(["invalid_input", "throttled", "cancelled", "expired", "conflict"] as const)(
    "after it failed as %s is a new generation",
    async (code) => {
      const { create, start, store, reader } = openResults();
      await create(JOB);
      await store.finish(await start(JOB), failedAs(code), KEEP_MS);
      expect(await create(JOB)).toMatchObject({ verdict: "created", status: "queued", generation: 2 });
      expect(await reader.result(JOB)).toMatchObject({ status: "queued", error: null, attempts: 0 });
    },
  );

  it("after a write whose outcome is unknown is the same job: it may have had its effect", async () => {
    const { create, start, store } = openResults();
    await create(JOB);
    await store.finish(await start(JOB), failedAs("outcome_unknown"), KEEP_MS);
    expect(await create(JOB)).toMatchObject({ verdict: "same", status: "failed", generation: 1 });
  });

  it("after it expired in the queue is a new generation", async () => {
    const { create, expire } = openResults();
    await create(JOB);
    await expire(JOB);
    expect(await create(JOB)).toMatchObject({ verdict: "created", generation: 2 });
  });

  it("by two hundred at once is one job", async () => {
    const { create } = openResults();
    const created = await Promise.all(Array.from({ length: 200 }, () => create(JOB)));
    expect(created.filter(({ verdict }) => verdict === "created")).toHaveLength(1);
    expect(created.filter(({ verdict }) => verdict === "same")).toHaveLength(199);
  });

  it("gives a lost record back under the generation that its job was enqueued with", async () => {
    const { create, start } = openResults();
    await create(JOB, { generation: 3 });
    expect(await start(JOB, 3)).toMatchObject({ generation: 3, run: 1 });
  });
});

describe("the keys of a case", () => {
  it("share a slot, whatever the case is called, and forget records that are gone", async () => {
    const { complete, create, redis, recordKey, keys } = openResults();
    const caseId = "{a}b}{c";
    const refs = ["j1", "j2", "j3"].map((jobId) => ({ caseId, jobId }));
    for (const ref of refs) await complete(ref);
    const [first, second] = refs;
    if (first === undefined || second === undefined) throw new Error("no refs");
    await redis.del(recordKey(first), recordKey(second));
    await create({ caseId, jobId: "j4" });
    expect(await redis.zrange(keys(caseId).jobs, "0", "-1")).toEqual(["j3", "j4"]);
    expect(await redis.zrange(keys(caseId).changes, "0", "-1")).toEqual(["j3", "j4"]);
    const slots = [recordKey(first), keys(caseId).jobs, keys(caseId).changes, keys(caseId).rows("j1", 1, 1)];
    expect(new Set(slots.map((key) => /\{([^}]*)\}/.exec(key)?.[1])).size).toBe(1);
  });

  it("give a cursor that grows with every change, also after all of them have expired", async () => {
    const { create, start, store, reader, redis, recordKey, keys } = openResults();
    const cursors: number[] = [];
    const look = async () => cursors.push(Number((await reader.result(JOB))?.cursor));
    await create(JOB);
    await look();
    const fence = await start(JOB);
    await look();
    await store.wait(fence, "queued", null, 0);
    await look();
    await store.finish(await start(JOB), completed(), KEEP_MS);
    await look();
    await redis.del(recordKey(JOB), keys("4711").jobs, keys("4711").changes);
    await create(JOB);
    await look();
    expect(cursors).toEqual([...cursors].sort((left, right) => left - right));
    expect(new Set(cursors).size).toBe(cursors.length);
    expect(cursors.every(Number.isSafeInteger)).toBe(true);
  });
});
