/** `npm run bench:quota`: how much of a quota this worker uses, beside plain ways to make the same calls. All go at once, each with a quota of its own. */
import { randomBytes } from "node:crypto";
import { availableParallelism, loadavg } from "node:os";
import { Command, Option } from "commander";
import { reading } from "../../producers/commands/session.ts";
import { keysOf } from "../../src/contract/table.ts";
import { print, printJson, tell } from "../../src/output.ts";
import { checkRedis, removeKeys } from "../demo/keys.ts";
import { Cleanup } from "../demo/processes.ts";
import { startRedis } from "../support/redis.ts";
import { type Place, prepare, QUOTA_KINDS, type QuotaContestant, RETRY_AFTER } from "./quota-contestants.ts";
import { type QuotaRun, quotaAims, reportQuota } from "./quota-report.ts";
import { count, runBench, type Session } from "./session.ts";

interface Options {
  calls: number;
  only: QuotaContestant[];
  json?: true;
}

const command = new Command("npm run bench:quota --")
  .option("--calls <n>", "of each contestant", reading(count), 200)
  .addOption(new Option("--only <contestant...>", "who takes part").choices(QUOTA_KINDS).default(QUOTA_KINDS))
  .option("--json", "print figures and aims as JSON");

async function bench({ calls, only, json }: Options, { cleanup, signal }: Session): Promise<void> {
  const load = loadavg()[0] ?? 0;
  const prefix = `bench-${randomBytes(4).toString("hex")}`;
  const redis = await cleanup.start(startRedis(), async ({ url, stop }) => {
    await removeKeys(url, prefix).finally(stop);
  });
  await checkRedis(redis.url);
  const runs: QuotaRun[] = [];
  for (const retryAfter of keysOf(RETRY_AFTER)) {
    signal.throwIfAborted();
    tell(`${RETRY_AFTER[retryAfter]}: ${calls} calls each …`);
    const setting = await cleanup.start(Promise.resolve(new Cleanup()), end);
    const place = { redisUrl: redis.url, prefix: `${prefix}-${retryAfter}`, retryAfter };
    runs.push(...(await race([...new Set(only)], calls, place, { cleanup: setting, signal })));
    // Processes of one setting, idle as they are, would take time from the next one's.
    await end(setting);
  }
  const conditions = `${availableParallelism()} CPUs, load ${load.toFixed(1)} at the start`;
  if (json) await printJson({ conditions, calls, runs, aims: quotaAims(runs) });
  else await print(reportQuota({ conditions, calls, runs }));
}

/** All at once, so that what else the machine does falls on all alike. */
async function race(
  contestants: readonly QuotaContestant[],
  calls: number,
  place: Place,
  session: Session,
): Promise<QuotaRun[]> {
  const ready = contestants.map(async (contestant) => ({
    contestant,
    spend: await prepare(contestant, place, session),
  }));
  const spending = (await Promise.all(ready)).map(async ({ contestant, spend }) => {
    return { contestant, retryAfter: place.retryAfter, ...(await spend(calls)) };
  });
  return await Promise.all(spending);
}

async function end(cleanup: Cleanup): Promise<void> {
  const [failure] = await cleanup.run();
  if (failure !== undefined) throw failure;
}

await runBench(command, bench);
