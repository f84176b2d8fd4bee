import { describe, expect, it } from "vitest";
import { completed, failedAs, KEEP_MS, openResults } from "./opened-store.ts";

const JOB = { caseId: "4711", jobId: "j1" };

describe("a run", () => {
  it("is numbered, shows as running, and hands its attempts and note to the next", async () => {
    const { create, start, store, reader } = openResults();
    await create(JOB);
    const first = await start(JOB);
    expect(await store.send(first, { patch: { status: "resolved" } })).toMatchObject({ verdict: "ok" });
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
    expect(await store.send(stale, null)).toMatchObject({ verdict: "stale" });
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
    expect(await store.send(old, null)).toMatchObject({ verdict: "stale" });
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
