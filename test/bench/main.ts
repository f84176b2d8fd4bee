/** `npm run bench`: what this worker does in a second beside plain ones, its latency, its start. Ratios count; the rest is this machine. */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { Command } from "commander";
import { reading } from "../../producers/commands/session.ts";
import { tell } from "../../src/output.ts";
import { checkRedis, removeKeys } from "../demo/keys.ts";
import { SimulatorControl } from "../support/control.ts";
import { startRedis } from "../support/redis.ts";
import { startSimulatorProcess } from "../support/simulator-process.ts";
import { compile } from "./compile.ts";
import { KINDS } from "./contestants.ts";
import { measureLatencies } from "./latency.ts";
import { type Rates, report } from "./report.ts";
import { type Runner, startRunner } from "./runner.ts";
import { count, runBench, type Session } from "./session.ts";
import { measureStart, type Start } from "./start.ts";

interface Options {
  jobs: number;
  rounds: number;
  concurrency: number;
}

const command = new Command("npm run bench --")
  .option("--jobs <n>", "in a round", reading(count), 1_000)
  .option("--rounds <n>", "that count", reading(count), 5)
  .option("--concurrency <n>", "jobs at once", reading(count), 32);

const LATENCIES = 300;
const STARTS = 5;
/** A longer first round, which counts for nothing: Node goes on compiling for thousands of jobs. */
const WARM_UP = 4;

/** Round by round, everybody in turn, so that what else the machine does falls on all alike. */
async function race(
  runners: readonly Runner[],
  { jobs, rounds }: Options,
  signal: AbortSignal,
): Promise<Rates[]> {
  const all: Rates[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const rates = { gated: 0, ungated: 0, plain: 0, idle: 0 };
    for (const { contestant, race } of runners) {
      signal.throwIfAborted();
      rates[contestant] = await race(round === 0 ? WARM_UP * jobs : jobs);
    }
    const figures = Object.entries(rates).map(([name, rate]) => `${name} ${Math.round(rate)}/s`);
    tell(`${round === 0 ? "warm-up" : `round ${round}`}: ${figures.join(", ")}`);
    if (round > 0) all.push(rates);
  }
  return all;
}

async function bench(options: Options, { cleanup, signal }: Session): Promise<void> {
  const { jobs, rounds, concurrency } = options;
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
    signal.throwIfAborted();
    starts.push(await measureStart(environment("start")));
  }
  const runners: Runner[] = [];
  for (const contestant of KINDS) {
    const starting = startRunner(contestant, code, environment(contestant));
    runners.push(await cleanup.start(starting, (runner) => runner.stop()));
  }
  const measured = await race(runners, options, signal);
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

await runBench(command, bench);
