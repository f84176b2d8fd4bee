import { once } from "node:events";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import type { Result } from "../../src/contract/result.ts";
import type { JobRef } from "../../src/results/keys.ts";
import { follow, WaitTimeout, waitFor } from "../../src/results/wait.ts";
import { completed, failedAs, KEEP_MS, openResults } from "./opened-store.ts";

const JOB = { caseId: "4711", jobId: "j1" };
/** Longer than any test may take. */
const LONG_MS = 120_000;
const LONG_AGO = new Date(0).toISOString();

/** Cuts a connection as a network would; resolves once it is there again. */
async function cut(redis: Redis, victim: Redis): Promise<void> {
  const back = once(victim, "ready");
  await redis.call("CLIENT", "KILL", "ID", String(await victim.client("ID")));
  await back;
}

describe("waiting for a result", () => {
  it("misses none of two hundred that finish meanwhile", async () => {
    const { create, start, store, reader, openWatch } = openResults();
    const { watch } = openWatch();
    const refs = Array.from({ length: 200 }, (_, index) => ({
      caseId: `case-${index % 7}`,
      jobId: `j${index}`,
    }));
    await Promise.all(refs.map((ref) => create(ref)));
    const waiting = refs.map((ref) => waitFor(reader, watch, ref, LONG_MS));
    await Promise.all(refs.map(async (ref) => store.finish(await start(ref), completed(ref.jobId), KEEP_MS)));
    const results = await Promise.all(waiting);
    expect(results.map(({ json_result }) => json_result)).toEqual(refs.map(({ jobId }) => jobId));
  });

  it("gives a result that is final at once, a failed one too", async () => {
    const { create, start, store, reader, openWatch } = openResults();
    const { watch } = openWatch();
    await create(JOB);
    await store.finish(await start(JOB), failedAs("not_found"), KEEP_MS);
    expect(await waitFor(reader, watch, JOB, 1)).toMatchObject({ error: { code: "not_found" } });
  });

  it("misses no change between its look and its wait", async () => {
    const { create, start, store, reader, openWatch } = openResults();
    const { watch } = openWatch();
    await create(JOB);
    const fence = await start(JOB);
    const result = reader.result.bind(reader);
    /** Ends the job right after the waiter has read it. */
    reader.result = async (ref) => {
      const found = await result(ref);
      await store.finish(fence, completed(), KEEP_MS);
      return found;
    };
    expect(await waitFor(reader, watch, JOB, LONG_MS)).toMatchObject({ status: "completed" });
  });

  it("misses no change while another waiter's subscription is still on its way", async () => {
    const { create, start, store, reader, openWatch } = openResults();
    const { watch, subscriber } = openWatch();
    const other = { ...JOB, jobId: "j2" };
    await create(JOB);
    await create(other);
    const fence = await start(JOB);
    subscriber.holdSubscriptions();
    const waiting = [waitFor(reader, watch, other, LONG_MS), waitFor(reader, watch, JOB, LONG_MS)];
    await reader.result(JOB);
    await store.finish(fence, completed(), KEEP_MS);
    subscriber.releaseSubscriptions();
    expect(await waiting[1]).toMatchObject({ status: "completed" });
    await store.finish(await start(other), completed(), KEEP_MS);
    expect(await waiting[0]).toMatchObject({ status: "completed" });
  });

  it("goes on over a lost connection, and sees what ended before it was told of changes again", async () => {
    const { create, start, store, reader, redis, openWatch } = openResults();
    const { watch, subscriber } = openWatch();
    await create(JOB);
    const fence = await start(JOB);
    const waiting = waitFor(reader, watch, JOB, LONG_MS);
    await watch.watch(JOB.caseId);
    subscriber.holdSubscriptions();
    await cut(redis, subscriber);
    await reader.result(JOB);
    await store.finish(fence, completed(), KEEP_MS);
    subscriber.releaseSubscriptions();
    expect(await waiting).toMatchObject({ status: "completed" });
  });

  it("ends when the job expires, which nobody announces", async () => {
    const { create, reader, openWatch } = openResults();
    const { watch } = openWatch();
    await create(JOB, { expiresInMs: 100 });
    expect(await waitFor(reader, watch, JOB, LONG_MS)).toMatchObject({ error: { code: "expired" } });
  });

  it("ends when the time is up, with the record as it stands", async () => {
    const { create, start, store, reader, openWatch } = openResults();
    const { watch } = openWatch();
    await create(JOB);
    await store.wait(await start(JOB), "queued", { for: "throttled", delayMs: 9_000 }, 0);
    const error: unknown = await waitFor(reader, watch, JOB, 30).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WaitTimeout);
    expect(error instanceof WaitTimeout && error.last).toMatchObject({
      status: "queued",
      waiting: { for: "throttled" },
    });
  });

  it("for a job that nobody knows is refused", async () => {
    const { reader, openWatch } = openResults();
    const { watch } = openWatch();
    await expect(waitFor(reader, watch, JOB, LONG_MS)).rejects.toMatchObject({
      code: "not_found",
      message: 'there is no job "j1" in case "4711"',
    });
  });

  it("leaves no subscription behind", async () => {
    const { complete, reader, redis, openWatch, keys } = openResults();
    const { watch } = openWatch();
    await complete(JOB);
    await Promise.all([waitFor(reader, watch, JOB, LONG_MS), waitFor(reader, watch, JOB, LONG_MS)]);
    const { changes } = keys("4711");
    await expect.poll(() => redis.pubsub("NUMSUB", changes)).toEqual([changes, 0]);
  });
});

describe("following a case", () => {
  /** Follows until `isEnough`, and gives all that was seen. */
  async function collect(
    results: ReturnType<typeof openResults>,
    isEnough: (seen: readonly Result[]) => boolean,
    { after, caseId = "4711" }: { after?: string; caseId?: string } = {},
  ): Promise<Result[]> {
    const { watch } = results.openWatch();
    const seen: Result[] = [];
    for await (const result of follow(results.reader, watch, caseId, after === undefined ? {} : { after })) {
      seen.push(result);
      if (isEnough(seen)) break;
    }
    return seen;
  }

  const states = (seen: readonly Result[]) => seen.map(({ job_id, status }) => `${job_id} ${status}`);
  const hasEnded = (jobId: string) => (seen: readonly Result[]) =>
    seen.some(({ job_id, status }) => job_id === jobId && status !== "queued" && status !== "running");

  it("gives what is there, then what changes, and every last state", async () => {
    const results = openResults();
    const refs: JobRef[] = Array.from({ length: 50 }, (_, index) => ({ ...JOB, jobId: `j${index}` }));
    await results.complete({ ...JOB, jobId: "earlier" });
    const following = collect(
      results,
      (seen) => seen.filter(({ status }) => status === "completed").length === 51,
    );
    await Promise.all(refs.map((ref) => results.complete(ref)));
    const seen = await following;
    expect(states(seen.slice(0, 1))).toEqual(["earlier completed"]);
    expect(
      new Set(seen.filter(({ status }) => status === "completed").map(({ job_id }) => job_id)).size,
    ).toBe(51);
    const cursors = seen.map(({ cursor }) => Number(cursor));
    expect(cursors).toEqual([...cursors].sort((left, right) => left - right));
  });

  it("resumes from a cursor: nothing twice, nothing left out", async () => {
    const results = openResults();
    await results.complete(JOB);
    const [first] = await collect(results, () => true);
    await results.complete({ ...JOB, jobId: "j2" });
    await results.complete({ ...JOB, jobId: "j3" });
    const after = first?.cursor ?? "";
    expect(states(await collect(results, hasEnded("j3"), { after }))).toEqual([
      "j2 completed",
      "j3 completed",
    ]);
  });

  it("goes on over a lost connection", async () => {
    const results = openResults();
    const { watch, subscriber } = results.openWatch();
    await results.create(JOB);
    const following = follow(results.reader, watch, "4711", {});
    expect((await following.next()).value).toMatchObject({ status: "queued" });
    const next = following.next();
    await cut(results.redis, subscriber);
    await results.store.finish(await results.start(JOB), completed(), KEEP_MS);
    let value = (await next).value;
    while (value?.status === "running") value = (await following.next()).value;
    expect(value).toMatchObject({ status: "completed" });
    await following.return();
  });

  it("tells of a job that expires, which nobody announces", async () => {
    const results = openResults();
    await results.create(JOB, { expiresInMs: 200 });
    const last = (await collect(results, hasEnded("j1"))).at(-1);
    expect(last).toMatchObject({ status: "failed", error: { code: "expired" } });
  });

  it("tells of a job that expires after a resume, or did before it", async () => {
    const results = openResults();
    await results.create(JOB);
    const [queued] = await collect(results, () => true);
    const after = queued?.cursor ?? "";
    await results.expire(JOB);
    expect(states(await collect(results, hasEnded("j1"), { after }))).toEqual(["j1 failed"]);
    const soon = { ...JOB, jobId: "j2" };
    await results.create(soon, { expiresInMs: 100 });
    const cursor = (await results.reader.result(soon))?.cursor ?? "";
    expect(states(await collect(results, hasEnded("j2"), { after: cursor })).at(-1)).toBe("j2 failed");
  });

  it("does not repeat a queued job while this machine's clock is ahead of Redis's", async () => {
    const results = openResults();
    const { reader, store } = results;
    await results.create(JOB);
    const changesSince = reader.changesSince.bind(reader);
    reader.changesSince = async (caseId, cursor) =>
      (await changesSince(caseId, cursor)).map((result) => ({ ...result, expires_at: LONG_AGO }));
    const result = reader.result.bind(reader);
    let looks = 0;
    /** Ends the job once the follower has looked three times whether it has expired. */
    reader.result = async (ref) => {
      looks += 1;
      if (looks === 3) await store.finish(await results.start(JOB), completed(), KEEP_MS);
      return await result(ref);
    };
    expect(states(await collect(results, hasEnded("j1")))).toEqual(["j1 queued", "j1 completed"]);
  });

  it("ends with its signal, and leaves no subscription behind", async () => {
    const results = openResults();
    const { watch } = results.openWatch();
    await results.create(JOB);
    const ending = new AbortController();
    const seen: Result[] = [];
    for await (const result of follow(results.reader, watch, "4711", { signal: ending.signal })) {
      seen.push(result);
      ending.abort();
    }
    expect(states(seen)).toEqual(["j1 queued"]);
    const channel = results.keys("4711").changes;
    expect(await results.redis.pubsub("NUMSUB", channel)).toEqual([channel, 0]);
  });
});
