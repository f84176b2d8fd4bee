/** A million jobs that nobody has taken yet slow neither those who enqueue nor a worker that starts. */
import { expect, it } from "vitest";
import { hunt, times } from "./jobs.ts";
import { openFaultRig, openPrivateRedis, openQueues } from "./rig.ts";

const BACKLOG = 1_000_000;
const CHUNK = 1_000;
const ASKED = 200;
const ENQUEUED_WITHIN_MS = 50;
/** It loads the same code either way; to look through the backlog would take seconds. */
const SLOWER_START = 2;
const BULK_QUEUE = "defender-default-hunting-bulk";

it("one more job is enqueued, and one more worker is ready, as if there were none", async (context) => {
  const redis = await openPrivateRedis(context, { appendfsync: "everysec" });
  const rig = await openFaultRig(context, { redisUrl: redis.url, env: { DEFENDER_HUNTING_LIMITS: "2/1h" } });
  const emptyMs = await startedWithinMs();

  const beganMs = performance.now();
  const bulk = times(CHUNK, (index) => hunt(`bulk ${index}`, { priority: "bulk" }));
  for (let queued = 0; queued < BACKLOG; queued += CHUNK) await rig.client.enqueueMany(bulk);
  const memory = /^used_memory:(\d+)/m.exec(await redis.admin.info("memory"))?.[1];
  const shownBytes = `${Math.round(Number(memory) / BACKLOG)} bytes of Redis a job, ${Math.round(process.memoryUsage.rss() / 1e6)} MB the producer`;
  const perS = (BACKLOG * 1_000) / (performance.now() - beganMs);

  const tookMs: number[] = [];
  for (let job = 0; job < ASKED; job += 1) {
    const askedMs = performance.now();
    await rig.client.submit(hunt(`one ${job}`));
    tookMs.push(performance.now() - askedMs);
  }
  const p99Ms = tookMs.sort((left, right) => left - right)[Math.floor(ASKED * 0.99)] ?? Number.NaN;
  const fullMs = await startedWithinMs();
  const shown = [perS, p99Ms, emptyMs, fullMs].map(Math.round).join(", ");
  console.log(
    `enqueued a second, p99 of one more in ms, ready in ms without and with the backlog: ${shown}; ${shownBytes}`,
  );

  // The checker is not asked: it would read all of the backlog, and nothing was to be done here.
  const { waiting } = await openQueues(context, rig).get(BULK_QUEUE).getJobCounts("waiting");
  expect(waiting).toBeGreaterThan(BACKLOG - 100);
  expect(p99Ms).toBeLessThan(ENQUEUED_WITHIN_MS);
  expect(fullMs).toBeLessThan(SLOWER_START * emptyMs);

  async function startedWithinMs(): Promise<number> {
    const startMs = performance.now();
    const worker = await rig.startWorker();
    const readyMs = performance.now() - startMs;
    await worker.kill("SIGTERM");
    return readyMs;
  }
});
