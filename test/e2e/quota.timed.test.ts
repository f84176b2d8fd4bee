/** All workers together stay inside a lane's quota, and use it. */
import { expect, test } from "vitest";
import { CASE, openPipe } from "../support/pipe.ts";
import { busiestWindow } from "../support/windows.ts";

const LIMIT = 30;
const WINDOW_MS = 4_000;
const CALLS = 120;

test("two workers never send more than the limit in any window, and reach 95 % of it", async () => {
  const { client, simulator, startWorker } = await openPipe({
    settings: { quotas: { incidents: null, hunting: null } },
  });
  const limits = { DEFENDER_HUNTING_LIMITS: `${LIMIT}/${WINDOW_MS / 1000}s` };
  await Promise.all([startWorker(limits), startWorker(limits)]);
  const requests = Array.from({ length: CALLS }, () => ({
    action: "execute_custom_query" as const,
    input: { ...CASE, query: "print ok=1" },
  }));
  const jobs = await client.enqueueMany(requests);
  const results = await Promise.all(jobs.map((job) => client.waitForResult(job, { timeoutMs: 50_000 })));

  expect(results.filter(({ is_success }) => is_success)).toHaveLength(CALLS);
  const { arrivals } = await simulator.ledger();
  const timesMs = arrivals.filter(({ lane }) => lane === "hunting").map(({ timeMs }) => timeMs);
  expect(timesMs).toHaveLength(CALLS);
  // Shortened by 1 % for the jitter of arrivals.
  expect(busiestWindow(timesMs, WINDOW_MS * 0.99)).toBeLessThanOrEqual(LIMIT);
  // From the first call to the first one of the last window: what the last window's burst takes is no part of the rate.
  const sorted = timesMs.toSorted((left, right) => left - right);
  const spanMs = (sorted[CALLS - LIMIT] ?? Number.NaN) - (sorted[0] ?? Number.NaN);
  const physicalMs = (CALLS / LIMIT - 1) * WINDOW_MS;
  expect(physicalMs / spanMs).toBeGreaterThanOrEqual(0.95);
});

test("a 429 holds back every worker for as long as Defender says, and costs no attempt", async () => {
  const { client, simulator, startWorker } = await openPipe({
    settings: { quotas: { incidents: null, hunting: null } },
  });
  await simulator.addFault({
    match: { path: "runHuntingQuery" },
    times: 1,
    fault: { status: 429, headers: { "Retry-After": "5" } },
  });
  const limits = { DEFENDER_HUNTING_LIMITS: "40/4s" };
  await Promise.all([startWorker(limits), startWorker(limits)]);
  const jobs = await client.enqueueMany(
    Array.from({ length: 20 }, () => ({
      action: "execute_custom_query" as const,
      input: { ...CASE, query: "print ok=1" },
    })),
  );
  const results = await Promise.all(jobs.map((job) => client.waitForResult(job, { timeoutMs: 50_000 })));

  expect(results.map(({ is_success, attempts }) => ({ is_success, attempts }))).toEqual(
    jobs.map(() => ({ is_success: true, attempts: 1 })),
  );
  const { arrivals } = await simulator.ledger();
  const hunts = arrivals.filter(({ lane }) => lane === "hunting");
  const [refused, ...others] = hunts.filter(({ status }) => status === 429);
  expect(others).toEqual([]);
  const refusedAtMs = refused?.timeMs ?? expect.fail("nothing was refused");
  // Calls that were on their way when the 429 was answered may still arrive.
  const inPause = hunts.filter(({ timeMs }) => timeMs > refusedAtMs + 1_000 && timeMs < refusedAtMs + 5_000);
  expect(inPause).toEqual([]);
});
