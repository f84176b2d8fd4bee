/** `npm run bench`: what this worker does in a second beside plain ones, its latency, its start. Ratios count; the rest is this machine. */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { toFailure } from "../../src/contract/failure.ts";
import { checkRedis, removeKeys } from "../demo/keys.ts";
import { Cleanup } from "../demo/processes.ts";
import { SimulatorControl } from "../support/control.ts";
import { startRedis } from "../support/redis.ts";
import { startSimulatorProcess } from "../support/simulator-process.ts";
import { compile } from "./compile.ts";
import { KINDS } from "./contestants.ts";
import { measureLatencies } from "./latency.ts";
import { type Rates, report } from "./report.ts";
import { type Runner, startRunner } from "./runner.ts";
import { measureStart, type Start } from "./start.ts";

const count = z.coerce.number<string>().int().min(1);
const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "1000" },
    rounds: { type: "string", default: "5" },
    concurrency: { type: "string", default: "32" },
  },
});
const { jobs, rounds, concurrency } = z
  .object({ jobs: count, rounds: count, concurrency: count })
  .parse(values);
const LATENCIES = 300;
const STARTS = 5;
/** A longer first round, which counts for nothing: Node goes on compiling for thousands of jobs. */
const WARM_UP = 4;

const cleanup = new Cleanup();
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => interrupt.abort(new Error(`stopped by ${signal}`)));

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Round by round, everybody in turn, so that what else the machine does falls on all alike. */
async function race(runners: readonly Runner[]): Promise<Rates[]> {
  const all: Rates[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const rates = { gated: 0, ungated: 0, plain: 0, idle: 0 };
    for (const { contestant, race } of runners) {
      interrupt.signal.throwIfAborted();
      rates[contestant] = await race(round === 0 ? WARM_UP * jobs : jobs);
    }
    const figures = Object.entries(rates).map(([name, rate]) => `${name} ${Math.round(rate)}/s`);
    tell(`${round === 0 ? "warm-up" : `round ${round}`}: ${figures.join(", ")}`);
    if (round > 0) all.push(rates);
  }
  return all;
}

async function bench(): Promise<void> {
  const load = loadavg()[0] ?? 0;
  const prefix = `bench-${randomBytes(4).toString("hex")}`;
  const code = await cleanup.start(compile(), (folder) => rm(folder, { recursive: true }));
  const [simulator, redis] = await Promise.all([
    cleanup.start(startSimulatorProcess(), (started) => started.stop()),
    cleanup.start(startRedis(), async ({ url, stop }) => {
      await removeKeys(url, prefix).finally(stop);
    }),
  ]);
  await checkRedis(redis.url);
  await new SimulatorControl(simulator.url).change({
    ledger: false,
    quotas: { incidents: null, hunting: null },
  });
  const environment = (name: string) => ({
    REDIS_URL: redis.url,
    QUEUE_PREFIX: `${prefix}-${name}`,
    AZURE_TENANT_ID: simulator.tenant,
    AZURE_CLIENT_ID: simulator.clientId,
    AZURE_CLIENT_SECRET: simulator.clientSecret,
    LOGIN_API_ROOT: simulator.url,
    GRAPH_API_ROOT: simulator.url,
    WORKER_CONCURRENCY: String(concurrency),
    // So wide that the gate counts every call and holds back none.
    DEFENDER_HUNTING_LIMITS: "100000/1s",
  });

  const starts: Start[] = [];
  for (let number = 0; number < STARTS; number += 1) {
    interrupt.signal.throwIfAborted();
    starts.push(await measureStart(environment("start")));
  }
  const runners: Runner[] = [];
  for (const contestant of KINDS) {
    const starting = startRunner(contestant, code, environment(contestant));
    runners.push(await cleanup.start(starting, (runner) => runner.stop()));
  }
  const measured = await race(runners);
  const latenciesMs = await measureLatencies(environment("gated"), LATENCIES);
  process.stdout.write(
    report({
      conditions: `${availableParallelism()} CPUs, load ${load.toFixed(1)} at the start; ${concurrency} jobs at once; medians of ${rounds} rounds of ${jobs} jobs`,
      rounds: measured,
      latenciesMs,
      starts,
    }),
  );
}

async function main(): Promise<number> {
  const interrupted = new Promise<never>((_, reject) =>
    interrupt.signal.addEventListener("abort", () => reject(interrupt.signal.reason), { once: true }),
  );
  let problem: string | null = null;
  try {
    await Promise.race([bench(), interrupted]);
  } catch (error) {
    problem = toFailure(error).message;
  }
  const leftovers = await cleanup.run();
  problem ??= leftovers.length > 0 ? toFailure(leftovers[0]).message : null;
  if (problem !== null) tell(`The bench did not get to its end: ${problem}`);
  return problem === null ? 0 : 1;
}

process.exit(await main());
