import { describe, expect, it } from "vitest";
import { completed, failedAs, headOf, KEEP_MS, openResults } from "./bench.ts";

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

describe("a run", () => {
  it("is numbered, shows as running, and hands its attempts and note to the next", async () => {
    const { create, start, store, reader } = openResults();
    await create(JOB);
    const first = await start(JOB);
    expect(await store.send(first, { patch: { status: "resolved" } })).toBe("ok");
    expect(await reader.result(JOB)).toMatchObject({ status: "running" });
    await store.wait(first, "running", { for: "retry", delayMs: 5_000 }, 2);
    const second = await store.start(JOB, 1);
    expect(second).toMatchObject({
      verdict: "run",
      run: 2,
      attempts: 2,
      note: { patch: { status: "resolved" } },
    });
    if (second.verdict === "run") expect(second.nowMs).toBeGreaterThanOrEqual(second.notedAtMs);
  });

  it("of a job that is not known, over, or of an older generation does not begin", async () => {
    const { create, start, store } = openResults();
    expect(await store.start(JOB, 1)).toEqual({ verdict: "missing" });
    await create(JOB);
    await store.finish(await start(JOB), failedAs("throttled"), KEEP_MS);
    expect(await store.start(JOB, 1)).toEqual({ verdict: "final" });
    await create(JOB);
    expect(await store.start(JOB, 1)).toEqual({ verdict: "stale" });
    expect(await store.start(JOB, 2)).toMatchObject({ verdict: "run" });
  });

  it("that another run has overtaken can do nothing any more", async () => {
    const { create, start, store, reader } = openResults();
    await create(JOB);
    const stale = await start(JOB);
    const current = await start(JOB);
    await store.send(current, { sent: "by the current one" });
    expect(await store.send(stale, null)).toBe("stale");
    expect(await store.wait(stale, "queued", { for: "retry", delayMs: 1 }, 9)).toBe(false);
    expect(await store.finish(stale, completed("stale"), KEEP_MS)).toBe(false);
    await store.withdraw(stale);
    expect(await store.openWriteOf(JOB)).toMatchObject({ note: { sent: "by the current one" } });
    expect(await store.finish(current, completed("current"), KEEP_MS)).toBe(true);
    expect(await reader.result(JOB)).toMatchObject({ status: "completed", json_result: "current" });
  });

  it("of an older generation can do nothing any more", async () => {
    const { create, start, store, reader } = openResults();
    await create(JOB);
    const old = await start(JOB);
    await store.abandon(JOB, 1, failedAs("internal_error"), KEEP_MS);
    await create(JOB);
    expect(await store.send(old, null)).toBe("stale");
    expect(await store.wait(old, "queued", null, 1)).toBe(false);
    expect(await store.finish(old, completed(), KEEP_MS)).toBe(false);
    expect(await store.abandon(JOB, 1, failedAs("internal_error"), KEEP_MS)).toBe(false);
    expect(await reader.result(JOB)).toMatchObject({ status: "queued", error: null });
  });

  it("ends a job once", async () => {
    const { create, start, store, reader } = openResults();
    await create(JOB);
    const fence = await start(JOB);
    expect(await store.finish(fence, completed("first"), KEEP_MS)).toBe(true);
    expect(await store.finish(fence, failedAs("internal_error"), KEEP_MS)).toBe(false);
    expect(await reader.result(JOB)).toMatchObject({ status: "completed", json_result: "first" });
  });

  it("shows what it waits for and until when, and no longer once the next one runs", async () => {
    const { create, start, store, reader } = openResults();
    await create(JOB);
    await store.wait(await start(JOB), "queued", { for: "throttled", delayMs: 30_000 }, 0);
    const waiting = await reader.result(JOB);
    expect(waiting).toMatchObject({ status: "queued", waiting: { for: "throttled" } });
    expect(Date.parse(waiting?.waiting?.until ?? "")).toBeGreaterThan(Date.parse(waiting?.enqueued_at ?? ""));
    await start(JOB);
    expect(await reader.result(JOB)).toMatchObject({ status: "running", waiting: null });
  });

  it("keeps the note of a write that was not verified as evidence, and drops that of one that was", async () => {
    const { create, start, store } = openResults();
    for (const [jobId, verdict, isKept] of [
      ["j1", failedAs("outcome_unknown"), true],
      ["j2", completed(), false],
      ["j3", failedAs("conflict"), false],
    ] as const) {
      const ref = { ...JOB, jobId };
      await create(ref);
      const fence = await start(ref);
      await store.send(fence, { mark: "m" });
      await store.finish(fence, verdict, KEEP_MS);
      expect((await store.openWriteOf(ref)) !== null).toBe(isKept);
    }
  });
});

describe("cancelling", () => {
  const CANCELLED = failedAs("cancelled").findings;

  it("takes back a job that is queued, waits, or runs but has not sent", async () => {
    const { create, start, store, reader } = openResults();
    await create(JOB);
    expect(await store.cancel(JOB, CANCELLED)).toMatchObject({ cancelled: true, sent: false, generation: 1 });
    expect(await reader.result(JOB)).toMatchObject({ status: "failed", error: { code: "cancelled" } });

    const waiting = { ...JOB, jobId: "j2" };
    await create(waiting);
    await store.wait(await start(waiting), "queued", { for: "order", delayMs: 9_000 }, 0);
    expect(await store.cancel(waiting, CANCELLED)).toMatchObject({ cancelled: true, sent: false });
    expect(await reader.result(waiting)).toMatchObject({ waiting: null });

    const running = { ...JOB, jobId: "j3" };
    await create(running);
    const fence = await start(running);
    expect(await store.cancel(running, CANCELLED)).toMatchObject({ cancelled: true, sent: false });
    expect(await store.send(fence, null)).toBe("cancelled");
    expect(await store.finish(fence, completed(), KEEP_MS)).toBe(false);
  });

  it("comes too late for a call that is on its way, or was and may have had its effect", async () => {
    const { create, start, store } = openResults();
    await create(JOB);
    await store.send(await start(JOB), null);
    expect(await store.cancel(JOB, CANCELLED)).toMatchObject({ cancelled: false, sent: true });

    const noted = { ...JOB, jobId: "j2" };
    await create(noted);
    const fence = await start(noted);
    await store.send(fence, { mark: "m" });
    await store.wait(fence, "running", { for: "settle", delayMs: 9_000 }, 1);
    expect(await store.cancel(noted, CANCELLED)).toMatchObject({ cancelled: false, sent: true });
  });

  it("takes back one that was sent and definitely refused, and says that it was sent", async () => {
    const { create, start, store } = openResults();
    await create(JOB);
    const fence = await start(JOB);
    await store.send(fence, { mark: "m" });
    await store.withdraw(fence);
    await store.wait(fence, "queued", { for: "throttled", delayMs: 9_000 }, 0);
    expect(await store.cancel(JOB, CANCELLED)).toMatchObject({ cancelled: true, sent: true });
  });

  it("changes nothing of a job that is over, and knows no other", async () => {
    const { complete, create, expire, store, reader } = openResults();
    await complete(JOB, "done");
    expect(await store.cancel(JOB, CANCELLED)).toMatchObject({ cancelled: false });
    expect(await reader.result(JOB)).toMatchObject({ status: "completed", json_result: "done" });

    const late = { ...JOB, jobId: "j2" };
    await create(late);
    await expire(late);
    expect(await store.cancel(late, CANCELLED)).toMatchObject({ cancelled: false });
    expect(await reader.result(late)).toMatchObject({ error: { code: "expired" } });

    expect(await store.cancel({ ...JOB, jobId: "j9" }, CANCELLED)).toBeNull();
  });
});

describe("expiry", () => {
  it("is judged on Redis's clock: nothing is sent past it, and the run knows", async () => {
    const { create, expire, start, store } = openResults();
    await create(JOB);
    const fence = await start(JOB);
    await expire(JOB);
    expect(await store.send(fence, { mark: "m" })).toBe("expired");
    expect(await store.openWriteOf(JOB)).toBeNull();
    expect(await store.start(JOB, 1)).toMatchObject({ verdict: "run", isOver: true });
  });

  it("is a final state that a late run does not take back", async () => {
    const { create, expire, start, store, reader } = openResults();
    await create(JOB);
    await expire(JOB);
    expect(await reader.result(JOB)).toMatchObject({ status: "failed", error: { code: "expired" } });
    const fence = await start(JOB);
    expect(await reader.result(JOB)).toMatchObject({ status: "failed", error: { code: "expired" } });
    expect(await store.finish(fence, failedAs("expired"), KEEP_MS)).toBe(true);
  });

  it("of a record and its rows comes with RESULT_TTL", async () => {
    const { create, start, store, redis, recordKey, keys } = openResults();
    await create(JOB, { expiresInMs: 10_000, keepMs: 50_000 });
    expect(await redis.pttl(recordKey(JOB))).toBeGreaterThan(59_000);
    const fence = await start(JOB);
    const key = await store.saveRows(fence, [Buffer.from("page")], 40_000);
    await store.finish(fence, completed(null, { rows: { key, inlineRows: 1 } }), 40_000);
    for (const each of [recordKey(JOB), key]) {
      expect(await redis.pttl(each)).toBeGreaterThan(39_000);
      expect(await redis.pttl(each)).toBeLessThanOrEqual(40_000);
    }
    for (const each of [keys("4711").jobs, keys("4711").changes])
      expect(await redis.pttl(each)).toBeGreaterThan(59_000);
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
