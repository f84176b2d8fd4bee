/** An analyst does not wait behind a bulk run: ten thousand bulk jobs wait on every worker, and what is asked for now is sent now. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { arrivalsOf, loggedBy } from "./arrivals.ts";
import { check } from "./checker.ts";
import { hunt, times } from "./jobs.ts";
import { openFaultRig, openQueues } from "./rig.ts";

const LIMIT = { lane: "hunting", calls: 20, windowMs: 2_000 } as const;
const BULK_JOBS = 10_000;
const INTERACTIVE_JOBS = 20;
/** Three in a window, where a fifth of it is four. */
const EVERY_MS = 600;
const SENT_WITHIN_MS = 1_000;
const WORKERS = 2;
/** Jobs that a worker has in hand at once: each may be put back once a window, when it finds it full. */
const CONCURRENCY = 8;
const BULK_QUEUE = "defender-default-hunting-bulk";

it("an interactive job is sent within a second while ten thousand bulk jobs wait, and none of those is taken in vain more than once a window", {
  timeout: 120_000,
}, async (context) => {
  const rig = await openFaultRig(context, {
    // Its first query would hold its ledger up, and calls would seem to arrive in a burst.
    warmUp: true,
    env: {
      DEFENDER_HUNTING_LIMITS: `${LIMIT.calls}/${LIMIT.windowMs}ms`,
      WORKER_CONCURRENCY: String(CONCURRENCY),
    },
  });
  const bulk = times(BULK_JOBS, (index) => hunt(`bulk ${index}`, { priority: "bulk" }));
  for (let from = 0; from < BULK_JOBS; from += 1_000)
    await rig.client.enqueueMany(bulk.slice(from, from + 1_000));
  await Promise.all(times(WORKERS, () => rig.startWorker()));
  // From then on bulk has used up its part of a window.
  await rig.simulator.arrivals("POST .*runHuntingQuery", 2 * LIMIT.calls);
  const startedAtMs = Date.now();

  const askedAtMs: number[] = [];
  for (let index = 0; index < INTERACTIVE_JOBS; index += 1) {
    askedAtMs.push(Date.now());
    await rig.accept("execute_custom_query", { query: `print mark="interactive ${index}."` });
    await sleep(EVERY_MS);
  }
  await Promise.all(rig.accepted.map((job) => rig.finish(job)));

  const windows = (Date.now() - startedAtMs) / LIMIT.windowMs;
  const putBack = loggedBy(rig, "job.held").filter(({ timeMs }) => timeMs >= startedAtMs);
  const waitedMs = await Promise.all(
    askedAtMs.map(async (atMs, index) => {
      const [sent] = await arrivalsOf(rig, { lane: LIMIT.lane, mark: `interactive ${index}.` });
      return (sent?.timeMs ?? Number.POSITIVE_INFINITY) - atMs;
    }),
  );
  expect(Math.max(...waitedMs)).toBeLessThan(SENT_WITHIN_MS);
  expect(putBack.length).toBeLessThanOrEqual((windows + 1) * WORKERS * CONCURRENCY);

  await Promise.all(rig.workers.map((worker) => worker.kill("SIGTERM")));
  await openQueues(context, rig).get(BULK_QUEUE).obliterate({ force: true });
  await check(rig, { limits: [LIMIT] });
});
