/** `npm run bench:api`: a thousand open followers and mixed use of the HTTP API, with worker, simulator and Redis beside. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { z } from "zod";
import { reading } from "../../producers/commands/session.ts";
import { print, printJson, tell } from "../../src/output.ts";
import { PrivateRedis } from "../faults/private-redis.ts";
import { openRig } from "../support/rig.ts";
import { formatAim } from "./aim.ts";
import { type ApiFigures, apiAims } from "./api-aims.ts";
import { ApiLoad } from "./api-load.ts";
import { type MeasuredApi, startMeasuredApi } from "./api-server.ts";
import { count, runBench, type Session } from "./session.ts";

interface Options {
  followers: number;
  rate: number;
  seconds: number;
  warmUp: number;
  json?: true;
}

const command = new Command("npm run bench:api --")
  .option("--followers <n>", "open streams of events", reading(count), 1_000)
  .option("--rate <n>", "requests a second", reading(count), 200)
  .option("--seconds <n>", "that are measured", reading(count), 180)
  .option("--warm-up <n>", "seconds before", reading(count), 60)
  .option("--json", "print figures and aims as JSON");

const CASES = 100;
const INCIDENTS = 60;
/** Results are gone soon, or cases would grow for as long as it runs. */
const RESULT_TTL_S = 20;
/** Each costs the server a pause of some 50 ms. */
const SAMPLE_MS = 15_000;

async function bench(options: Options, session: Session): Promise<void> {
  const { followers, rate, seconds, warmUp } = options;
  const conditions = `${availableParallelism()} CPUs, load ${(loadavg()[0] ?? 0).toFixed(1)} at the start`;
  const api = await openPlace(session);
  const cases = Array.from({ length: CASES }, (_, number) => `case-${number}`);
  const load = new ApiLoad({ url: api.url, cases, incidents: INCIDENTS, perSecond: rate });
  // A case without a job has nothing to follow, but one that begins with the load is followed from its first.
  const following = await openFollowers(api.url, followers, cases, session);
  tell(`${followers} follow; ${warmUp} s to warm up, then ${seconds} s …`);
  await load.run(warmUp * 1_000);
  load.figures.acceptMs.length = 0;
  load.figures.readMs.length = 0;
  const sampling = sample(api, seconds);
  await load.run(seconds * 1_000);
  const memory = await sampling;
  load.close();
  const accepted = cases.map((caseId) => load.figures.accepted.get(caseId) ?? 0);
  const endsWanted = Array.from({ length: followers }, (_, number) => accepted[number % CASES] ?? 0).reduce(
    (sum, one) => sum + one,
    0,
  );
  const { broken, ends } = await following.settled(endsWanted);
  const figures: ApiFigures = {
    conditions,
    requests: load.figures.requests,
    perSecond: rate,
    acceptMs: load.figures.acceptMs,
    readMs: load.figures.readMs,
    errors: Object.fromEntries([...load.figures.errors, ...api.complaints.map((line) => [line, 1] as const)]),
    followers: { open: followers, broken, ends, endsWanted },
    memory,
  };
  const aims = apiAims(figures);
  if (options.json) return await printJson({ ...figures, aims });
  const lines = aims.map(({ what, measured, wanted, isMet }) => formatAim(what, measured, wanted, isMet));
  const errors = Object.entries(figures.errors).map(([what, times]) => `  ${times} × ${what}`);
  await print(`${[conditions, ...lines, ...errors].join("\n")}\n`);
}

/** Redis, simulator, one worker and the API server, each a process of its own. */
async function openPlace({ cleanup }: Session): Promise<MeasuredApi> {
  const redis = await cleanup.start(PrivateRedis.start({ appendfsync: "everysec" }), (one) => one.close());
  const opening = openRig({
    redisUrl: redis.url,
    warmUp: true,
    settings: { quotas: { incidents: null, hunting: null }, ledger: false },
    env: {
      DEFENDER_INCIDENT_LIMITS: "1000/1s",
      DEFENDER_HUNTING_LIMITS: "1000/1s",
      RESULT_TTL: `${RESULT_TTL_S}s`,
      COMMENT_SETTLE: "1s",
      LOG_LEVEL: "warn",
    },
  });
  const rig = await cleanup.start(opening, (opened) => opened.close());
  await rig.startWorker({ LOG_LEVEL: "info" });
  return await cleanup.start(startMeasuredApi({ REDIS_URL: redis.url, QUEUE_PREFIX: rig.prefix }), (one) =>
    one.stop(),
  );
}

const told = z.object({ kind: z.enum(["ready", "seen"]), broken: z.number(), ends: z.number().default(0) });
/** A write that meets a conflict is tried again after 5 and 15 s. */
const LONGEST_SETTLING_MS = 45_000;
const LOOK_EVERY_MS = 500;

interface Followers {
  /** How many ends they have seen, once it is as many as wanted or nothing comes any more. */
  settled(endsWanted: number): Promise<{ broken: number; ends: number }>;
}

async function openFollowers(
  url: string,
  followers: number,
  cases: readonly string[],
  { cleanup }: Session,
): Promise<Followers> {
  const file = fileURLToPath(new URL("./api-followers.ts", import.meta.url));
  const child = fork(file, [url, String(followers), ...cases]);
  await cleanup.start(Promise.resolve(child), async () => {
    if (child.connected) child.disconnect();
    if (child.exitCode === null) await once(child, "exit");
  });
  const next = async () => told.parse((await once(child, "message"))[0]);
  await next();
  return {
    async settled(endsWanted) {
      const untilMs = performance.now() + LONGEST_SETTLING_MS;
      for (;;) {
        const answer = next();
        child.send("how many");
        const { broken, ends } = await answer;
        if (ends >= endsWanted || performance.now() > untilMs) return { broken, ends };
        await sleep(LOOK_EVERY_MS);
      }
    },
  };
}

async function sample(api: MeasuredApi, seconds: number): Promise<ApiFigures["memory"]> {
  const memory: ApiFigures["memory"][number][] = [];
  for (let atS = 0; atS <= seconds; atS += SAMPLE_MS / 1_000) {
    memory.push({ atS, ...(await api.memory()) });
    await sleep(SAMPLE_MS);
  }
  return memory;
}

await runBench(command, bench);
