/** Jobs that end their workers, or whose runs are interrupted, again and again: given up, and their results say so. */
import { expect, inject, it } from "vitest";
import { connectWorker } from "../../src/queue/connection.ts";
import { MOST_INTERRUPTIONS, MOST_STALLS } from "../../src/queue/options.ts";
import { openEngine } from "./running.ts";

/** BullMQ's own counters of a job: stalls, and runs that threw. */
async function openCounted(counters: { stc?: number; atm?: number }) {
  const engine = await openEngine();
  const { queue, update } = engine;
  const job = await update(29, { status: "Resolved" });
  const redis = connectWorker({
    url: inject("redisUrl"),
    prefix: queue.opts.prefix ?? "",
    mode: "single",
    sentinelName: null,
  });
  await redis.hset(queue.toKey(`${job.jobId}-1`), counters);
  redis.disconnect();
  return { ...engine, job };
}

it.each([
  ["killed its workers", { stc: MOST_STALLS + 1 }, `${MOST_STALLS + 1} workers that took it died`],
  [
    "never got a verdict",
    { atm: MOST_INTERRUPTIONS + 1 },
    `${MOST_INTERRUPTIONS + 1} runs of it were interrupted`,
  ],
])(
  "a job that %s too often ends as internal_error, sends nothing, and lets the next one go",
  async (...given) => {
    const [, counters, why] = given;
    const { job, update, startWorker, end, effects, queue } = await openCounted(counters);
    const next = await update(29, { status: "Active" });
    await startWorker();
    expect(await end(job)).toMatchObject({
      status: "failed",
      error: { code: "internal_error", message: `the job was given up: ${why}` },
    });
    expect(await end(next)).toMatchObject({ status: "completed" });
    expect(await effects()).toEqual(["patch 29"]);
    await expect.poll(() => queue.getJobState(`${job.jobId}-1`)).toBe("failed");
  },
);

it.each([
  ["killed a few workers", { stc: MOST_STALLS }],
  ["was interrupted a few times", { atm: MOST_INTERRUPTIONS }],
])("a job that %s still runs", async (_what, counters) => {
  const { job, startWorker, end } = await openCounted(counters);
  await startWorker();
  expect(await end(job)).toMatchObject({ status: "completed", attempts: 1 });
});
