/** A storm: Defender refuses every call of three gates, each in another way, until it is over. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, type TestContext } from "vitest";
import { arrivalsOf, gapsMs } from "./arrivals.ts";
import { check } from "./checker.ts";
import { allOver, assign, hunt, times } from "./jobs.ts";
import { openFaultRig } from "./rig.ts";
import { addTenants } from "./tenants.ts";

const WORKERS = 3;
const CONCURRENCY = 8;
const JOBS = 30;
/** What Defender says; without a time, the second wait and all later ones are no shorter either. */
const SHORTEST_PAUSE_MS = 2_000;
/** The longest wait without a time. */
const LONGEST_BACKOFF_MS = 60_000;
/** Calls that were on their way when the first was refused arrive within this, on a machine that is busy. */
const IN_FLIGHT_MS = 1_000;
const JITTER_MS = 50;

/** Whether and how long to wait: said, said as 0, and not said. */
const GATES = [
  {
    instance: "default",
    lane: "hunting",
    match: { body: "of-default" },
    headers: { "Retry-After": String(SHORTEST_PAUSE_MS / 1_000) },
  },
  { instance: "fabrikam", lane: "hunting", match: { body: "of-fabrikam" }, headers: { "Retry-After": "0" } },
  { instance: "default", lane: "incidents", match: { path: "/incidents/" }, headers: {} },
] as const;

/** Throws unless there is one call a pause, and every job is done in the end without a failed try. Gives what was measured. */
export async function weather(context: TestContext, stormMs: number): Promise<object> {
  const rig = await openFaultRig(context, {
    warmUp: true,
    env: { WORKER_CONCURRENCY: String(CONCURRENCY), JOB_EXPIRES_AFTER: "2h" },
  });
  const { env, of: tenants } = await addTenants(rig, ["fabrikam"]);
  await Promise.all(times(WORKERS, () => rig.startWorker(env)));
  for (const { match, headers } of GATES)
    await rig.simulator.addFault({ match, times: null, fault: { status: 429, headers } });
  const jobs = await rig.acceptMany([
    ...times(JOBS, (index) => hunt(`of-default ${index}`)),
    ...times(JOBS, (index) => hunt(`of-fabrikam ${index}`, { instance: "fabrikam" })),
    ...times(JOBS, (index) => assign(10 + (index % 10), `storm-${index}`)),
  ]);
  // The storm takes its time, whatever the workers do.
  await sleep(stormMs);
  await rig.simulator.clearFaults();
  const clearedAtMs = Date.now();
  const results = await allOver(rig, jobs, LONGEST_BACKOFF_MS + 60_000);
  const drainedMs = Date.now() - clearedAtMs;

  const measured = await Promise.all(
    GATES.map(async ({ instance, lane }) => {
      const arrivals = await arrivalsOf(rig, { lane, tenant: tenants[instance] });
      const refused = arrivals.filter(({ status }) => status === 429).map(({ timeMs }) => timeMs);
      const startMs = refused[0] ?? Number.NaN;
      const first = refused.filter((timeMs) => timeMs < startMs + IN_FLIGHT_MS);
      const probes = refused.slice(first.length);
      const shortestMs = Math.min(...gapsMs(probes));
      expect(first.length).toBeLessThanOrEqual(WORKERS * CONCURRENCY);
      expect(probes.length).toBeGreaterThan(1);
      expect(shortestMs).toBeGreaterThan(SHORTEST_PAUSE_MS - JITTER_MS);
      return {
        instance,
        lane,
        inFlight: first.length,
        probes: probes.length,
        shortestMs: Math.round(shortestMs),
      };
    }),
  );
  expect(new Set(results.map(({ attempts }) => attempts))).toEqual(new Set([1]));
  await check(rig, { events: ["gate.limit_lowered"] });
  return { drainedMs, measured };
}
