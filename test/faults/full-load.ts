/** Workers under full load of two tenants, with an hour and a minute scaled down, judged by the ledger. */
import { expect, type TestContext } from "vitest";
import { busiestWindow } from "../support/windows.ts";
import { arrivalsOf, gapsMs } from "./arrivals.ts";
import { check } from "./checker.ts";
import { allOver, hunt, times } from "./jobs.ts";
import { openFaultRig } from "./rig.ts";
import { addTenants } from "./tenants.ts";

export interface FullLoad {
  short: { calls: number; windowMs: number };
  long: { calls: number; windowMs: number };
  /** Long windows that are filled by each tenant. */
  windows: number;
  /** What each of the workers gets. */
  workers: readonly Readonly<Record<string, string>>[];
  /** Warnings that the workers' environment explains. */
  events?: readonly string[];
}

const SHARE_OF_THE_POSSIBLE = 0.95;
/** Beyond the wait that the windows force. */
const LONGEST_STALL_MS = 10_000;

/** Throws when a window was exceeded, a tenant was slowed by the other, or quota was left unused. Gives the shares that were used. */
export async function loadFully(context: TestContext, load: FullLoad): Promise<Record<string, number>> {
  const { short, long, windows, workers, events = [] } = load;
  const limits = [short, long].map(({ calls, windowMs }) => `${calls}/${windowMs}ms`).join(",");
  const rig = await openFaultRig(context, { env: { DEFENDER_HUNTING_LIMITS: limits } });
  // Answered without looking at the query, so that the ledger's times are those of the arrivals.
  const nothing = { status: 200, body: { schema: [], results: [] } };
  await rig.simulator.addFault({ match: { path: "runHuntingQuery" }, times: null, fault: nothing });
  const { env, of: tenants } = await addTenants(rig, ["fabrikam"]);
  await Promise.all(workers.map((own) => rig.startWorker({ ...env, ...own })));
  const instances = ["default", "fabrikam"];
  // Into the last window too, so that its first call was waited for by others.
  const perTenant = long.calls * windows + short.calls;
  const jobs = await rig.acceptMany(
    instances.flatMap((instance) => times(perTenant, (index) => hunt(`${instance} ${index}`, { instance }))),
  );
  await allOver(rig, jobs, 2 * windows * long.windowMs + 60_000);

  // The long window is spent before it is over, and nothing may go until then.
  const forcedMs = long.windowMs - (long.calls / short.calls - 1) * short.windowMs;
  const used: Record<string, number> = {};
  for (const instance of instances) {
    const timesMs = (await arrivalsOf(rig, { lane: "hunting", tenant: tenants[instance] })).map(
      ({ timeMs }) => timeMs,
    );
    expect(timesMs, instance).toHaveLength(perTenant);
    const spanMs = (timesMs[long.calls * windows] ?? Number.NaN) - (timesMs[0] ?? Number.NaN);
    used[instance] = Math.round((1_000 * windows * long.windowMs) / spanMs) / 1_000;
    expect(used[instance], instance).toBeGreaterThanOrEqual(SHARE_OF_THE_POSSIBLE);
    expect(Math.max(...gapsMs(timesMs)), instance).toBeLessThan(forcedMs + LONGEST_STALL_MS);
    for (const { calls, windowMs } of [short, long]) {
      // Shortened by 1 % for the jitter of arrivals.
      expect(busiestWindow(timesMs, windowMs * 0.99), `${instance} in ${windowMs} ms`).toBeLessThanOrEqual(
        calls,
      );
    }
  }
  await check(rig, { events });
  return used;
}
