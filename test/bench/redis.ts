/** `npm run bench:redis`: what it costs to have every write on disk before it is acknowledged, and how much memory a job takes. */
import { Command } from "commander";
import type { JobRef } from "../../producers/client.ts";
import { reading } from "../../producers/commands/session.ts";
import { print, printJson, tell } from "../../src/output.ts";
import { PrivateRedis } from "../faults/private-redis.ts";
import { openRig, type Rig } from "../support/rig.ts";
import { median } from "./figures.ts";
import { count, runBench, type Session } from "./session.ts";

const WEIGHED_JOBS = 2_000;
const SETTINGS = ["everysec", "always"] as const;
type Setting = (typeof SETTINGS)[number];

interface Options {
  jobs: number;
  rounds: number;
  json?: true;
}

interface Figures {
  /** Enqueued one after the other. */
  enqueuedPerS: number;
  /** From enqueued together to the last result. */
  jobsPerS: number;
}

const command = new Command("npm run bench:redis --")
  .option("--jobs <n>", "of each kind in a round", reading(count), 300)
  .option("--rounds <n>", "of each setting, in turn", reading(count), 5)
  .option("--json", "print figures as JSON");

async function bench({ jobs, rounds, json }: Options, { cleanup, signal }: Session): Promise<void> {
  const rigs = new Map<Setting, Rig>();
  const bytesPerJob: number[] = [];
  for (const appendfsync of SETTINGS) {
    const redis = await cleanup.start(PrivateRedis.start({ appendfsync }), (started) => started.close());
    const opening = openRig({
      redisUrl: redis.url,
      settings: { quotas: { incidents: null, hunting: null }, ledger: false },
      env: { DEFENDER_HUNTING_LIMITS: "100000/1s", LOG_LEVEL: "silent" },
    });
    const rig = await cleanup.start(opening, (opened) => opened.close());
    bytesPerJob.push(await weigh(redis, rig));
    await rig.startWorker({ LOG_LEVEL: "info" });
    await measure(rig, jobs);
    rigs.set(appendfsync, rig);
  }
  const rows: Record<Setting, Figures[]> = { everysec: [], always: [] };
  for (let round = 1; round <= rounds; round += 1) {
    tell(`round ${round} of ${rounds} …`);
    for (const [setting, rig] of rigs) {
      signal.throwIfAborted();
      rows[setting].push(await measure(rig, jobs));
    }
  }
  const medians = { everysec: medianOf(rows.everysec), always: medianOf(rows.always) };
  const bytes = Math.round(median(bytesPerJob));
  if (json) return await printJson({ ...medians, bytesPerJob: bytes });
  const line = (name: string, of: keyof Figures): string => {
    const [quick, safe] = [medians.everysec[of], medians.always[of]];
    return `${name.padEnd(20)} everysec ${quick.toFixed(0).padStart(6)}   always ${safe.toFixed(0).padStart(6)}   x ${(safe / quick).toFixed(2)}`;
  };
  await print(
    `${line("enqueued a second", "enqueuedPerS")}\n${line("jobs a second", "jobsPerS")}\nbytes of memory for a queued job, its record and its turn: ${bytes}\n`,
  );
}

/** What an update costs in memory while it is queued, each in a case of its own and to an incident of its own. */
async function weigh({ admin }: PrivateRedis, { client }: Rig): Promise<number> {
  const usedBytes = async (): Promise<number> =>
    Number(/^used_memory:(\d+)/m.exec(await admin.info("memory"))?.[1]);
  const update = (number: number) => ({
    action: "update_incident" as const,
    input: {
      case_id: `case-${number}`,
      alert_group_identifiers: [],
      incident_id: number,
      status: "Resolved",
    },
  });
  await client.enqueueMany([update(0)]);
  const beforeBytes = await usedBytes();
  const requests = Array.from({ length: WEIGHED_JOBS }, (_, index) => update(index + 1));
  const jobs = await client.enqueueMany(requests);
  const afterBytes = await usedBytes();
  // Out of the way of what is measured next.
  await Promise.all(jobs.map((job) => client.cancel(job)));
  return (afterBytes - beforeBytes) / WEIGHED_JOBS;
}

async function measure(rig: Rig, jobs: number): Promise<Figures> {
  const { client } = rig;
  const input = { case_id: "4711", alert_group_identifiers: [], query: "print ok=1" };
  const action = "execute_custom_query";
  const over = (asked: readonly JobRef[]) =>
    Promise.all(asked.map((job) => client.waitForResult(job, { timeoutMs: 60_000 })));

  const beganMs = performance.now();
  const oneByOne: JobRef[] = [];
  for (let job = 0; job < jobs; job += 1) oneByOne.push(await client.enqueue(action, input));
  const enqueuedPerS = (jobs * 1_000) / (performance.now() - beganMs);
  await over(oneByOne);

  const startedMs = performance.now();
  await over(await client.enqueueMany(Array.from({ length: jobs }, () => ({ action, input }))));
  return { enqueuedPerS, jobsPerS: (jobs * 1_000) / (performance.now() - startedMs) };
}

function medianOf(rounds: readonly Figures[]): Figures {
  return {
    enqueuedPerS: median(rounds.map(({ enqueuedPerS }) => enqueuedPerS)),
    jobsPerS: median(rounds.map(({ jobsPerS }) => jobsPerS)),
  };
}

await runBench(command, bench);
