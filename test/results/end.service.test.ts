import { describe, expect, it } from "vitest";
import { completed, failedAs, KEEP_MS, openResults } from "./opened-store.ts";

const JOB = { caseId: "4711", jobId: "j1" };

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
    expect(await store.send(fence, null)).toMatchObject({ verdict: "cancelled" });
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
    expect(await store.send(fence, { mark: "m" })).toMatchObject({ verdict: "expired" });
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
    const pages = [Buffer.from("first"), Buffer.from("last")];
    await store.finish(fence, completed(null, { rows: { pages, inlineRows: 1 } }), 40_000);
    const key = keys("4711").rows(JOB.jobId, fence.generation, fence.run);
    for (const each of [recordKey(JOB), key]) {
      expect(await redis.pttl(each)).toBeGreaterThan(39_000);
      expect(await redis.pttl(each)).toBeLessThanOrEqual(40_000);
    }
    for (const each of [keys("4711").jobs, keys("4711").changes])
      expect(await redis.pttl(each)).toBeGreaterThan(59_000);
  });
});
