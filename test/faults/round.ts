/** One random round: jobs come in, Defender fails, workers are killed and replaced, and the checker judges what is left. */
import { setTimeout as sleep } from "node:timers/promises";
import { openRig, type Rig } from "../support/rig.ts";
import { check } from "./checker.ts";
import { Crew } from "./crew.ts";
import { type Plan, planRound } from "./plan.ts";

export interface RoundOutcome {
  seed: number;
  /** Null when every promise held. */
  failure: string | null;
  plan: Plan;
  jobs: number;
  kills: number;
  tookMs: number;
}

/** Scaled from a minute. An answer that is still on its way comes within 1.5 s in these plans. */
const SETTLE = "3s";
/** After six kills a job is given up, and a round has at most eight. */
const DONE_WITHIN_MS = 240_000;
const ENV = {
  COMMENT_SETTLE: SETTLE,
  DEFENDER_INCIDENT_LIMITS: "40/2s",
  DEFENDER_HUNTING_LIMITS: "20/2s",
};
const LIMITS = [
  { lane: "incidents", calls: 40, windowMs: 2_000 },
  { lane: "hunting", calls: 20, windowMs: 2_000 },
] as const;
/** What a killed worker had in hand; and two scripted 429s lower the limit, as they should. */
const EVENTS = ["job.stalled", "gate.limit_lowered"];

export async function runRound(seed: number, redisUrl: string): Promise<RoundOutcome> {
  const plan = planRound(seed);
  const startedMs = performance.now();
  const rig = await openRig({
    redisUrl,
    clientSecret: "canary~Secret.4f1d",
    settings: { quotas: { incidents: null, hunting: null } },
    env: ENV,
  });
  const crew = new Crew(rig);
  let failure: string | null = null;
  try {
    for (const fault of plan.faults) await rig.simulator.addFault(fault);
    await Promise.all([enqueueAll(rig, plan), killAll(crew, plan)]);
    await Promise.all(rig.accepted.map((job) => rig.finish(job, DONE_WITHIN_MS)));
    await check(rig, { limits: LIMITS, events: EVENTS });
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  } finally {
    crew.dismiss();
    await rig.close("SIGKILL");
  }
  const tookMs = performance.now() - startedMs;
  return { seed, failure, plan, jobs: rig.accepted.length, kills: crew.losses, tookMs };
}

async function enqueueAll(rig: Rig, { jobs }: Plan): Promise<void> {
  for (const [index, { action, input, times, afterMs }] of jobs.entries()) {
    await sleep(afterMs);
    for (let time = 0; time < times; time += 1)
      await rig.accept(action, input, { idempotencyKey: `job-${index}` });
  }
}

async function killAll(crew: Crew, { workers, kills }: Plan): Promise<void> {
  await Promise.all(Array.from({ length: workers }, () => crew.hire()));
  for (const { afterMs, worker, successorDiesAt } of kills) {
    await sleep(afterMs);
    await crew.kill(worker, successorDiesAt);
  }
}
