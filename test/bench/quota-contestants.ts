/** Who spends the quota, and how one of them does it: against a simulated Defender of its own, so that all can go at once. */
import { setTimeout as sleep } from "node:timers/promises";
import { keysOf } from "../../src/contract/table.ts";
import type { Cleanup } from "../demo/processes.ts";
import { SimulatorControl } from "../support/control.ts";
import { startSimulatorProcess } from "../support/simulator-process.ts";
import { figuresOf, type Limit, physicalLimitMs, type QuotaFigures } from "./quota-figures.ts";
import { callAsSdk, callOneByOne } from "./quota-plain.ts";
import { startFleet } from "./quota-worker.ts";
import type { Session } from "./session.ts";
import { requestToken } from "./token.ts";

export const QUOTA_CONTESTANTS = {
  worker: "this worker × 4",
  sdk: "Microsoft's SDK",
  loop: "fixed delay",
} as const;

export type QuotaContestant = keyof typeof QUOTA_CONTESTANTS;

export const QUOTA_KINDS = keysOf(QUOTA_CONTESTANTS);

/** What a refused call is told. */
export const RETRY_AFTER = { seconds: "with Retry-After", none: "without Retry-After" } as const;

export type RetryAfter = keyof typeof RETRY_AFTER;

export const LIMIT: Limit = { calls: 20, windowMs: 4_000 };
const LIMIT_TEXT = `${LIMIT.calls}/${LIMIT.windowMs}ms`;

const PROCESSES = 4;
const AT_ONCE = 16;
/** One window's calls that count for nothing: what has just started still compiles, four processes at once. */
const WARM_UP = LIMIT.calls;
const EMPTY_AFTER_MS = 1.1 * LIMIT.windowMs;

/** Ready to make its calls: everything has started and run before, and nothing of the quota is spent. */
export type Spender = (calls: number) => Promise<QuotaFigures>;

export interface Place {
  redisUrl: string;
  prefix: string;
  retryAfter: RetryAfter;
}

export async function prepare(
  kind: QuotaContestant,
  place: Place,
  { cleanup, signal }: Session,
): Promise<Spender> {
  const simulator = await cleanup.start(startSimulatorProcess(), (started) => started.stop());
  const control = new SimulatorControl(simulator.url);
  await control.change({ quotas: { incidents: null, hunting: LIMIT_TEXT }, retryAfter: place.retryAfter });
  signal.throwIfAborted();
  const spend = await spendingOf(kind, place, simulator, cleanup);
  if ((await spend(WARM_UP)) > 0) throw new Error(`${QUOTA_CONTESTANTS[kind]}: a first call failed`);
  await sleep(EMPTY_AFTER_MS);
  const { arrivals: before } = await control.ledger();
  return async (calls) => {
    const failed = await spend(calls);
    const { arrivals } = await control.ledger();
    const hunting = arrivals.slice(before.length).filter(({ lane }) => lane === "hunting");
    return figuresOf(hunting, { requests: calls, failed, limit: LIMIT });
  };
}

interface App {
  url: string;
  tenant: string;
  clientId: string;
  clientSecret: string;
}

async function spendingOf(
  kind: QuotaContestant,
  { redisUrl, prefix }: Place,
  { url, tenant, clientId, clientSecret }: App,
  cleanup: Cleanup,
): Promise<(calls: number) => Promise<number>> {
  if (kind === "worker") {
    const env = {
      REDIS_URL: redisUrl,
      QUEUE_PREFIX: prefix,
      LOG_LEVEL: "info",
      AZURE_TENANT_ID: tenant,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: clientSecret,
      LOGIN_API_ROOT: url,
      GRAPH_API_ROOT: url,
      WORKER_CONCURRENCY: String(AT_ONCE / PROCESSES),
      DEFENDER_HUNTING_LIMITS: LIMIT_TEXT,
    };
    const run = await startFleet({ processes: PROCESSES, env }, cleanup);
    return (calls) => run(calls, patienceMs(calls));
  }
  const token = await requestToken({
    loginRoot: url,
    graphRoot: url,
    tenantId: tenant,
    clientId,
    clientSecret,
  });
  const caller = { graphRoot: url, token };
  return kind === "sdk"
    ? (calls) => callAsSdk(caller, calls, AT_ONCE)
    : (calls) => callOneByOne(caller, calls, LIMIT.windowMs / LIMIT.calls);
}

/** Far beyond what any of them takes. */
function patienceMs(calls: number): number {
  return 60_000 + 10 * physicalLimitMs(calls, LIMIT);
}
