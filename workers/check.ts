/** Proves, without a job, that a worker would work here: configuration, Redis, and for each instance token and permissions. */
import {
  type InstanceConfig,
  loadProducerConfig,
  loadWorkerConfig,
  type WorkerConfig,
} from "../src/config.ts";
import { type Failure, toFailure } from "../src/contract/failure.ts";
import { LANES, type Lane } from "../src/contract/job.ts";
import type { CallContext, Defender } from "../src/contract/ports.ts";
import { createConnection, gateId } from "../src/defender/connection.ts";
import { type Gate, openGate } from "../src/defender/gate.ts";
import { guardConnection } from "../src/engine/stop-guard.ts";
import { connectProducer, connectWorker } from "../src/queue/connection.ts";
import { Stops } from "../src/queue/stops.ts";
import { credentialOf } from "./check-credential.ts";
import { quotaOf } from "./check-quota.ts";
import { checkRedis } from "./check-redis.ts";
import { type Finding, failed } from "./finding.ts";

/** Everything of one instance, with retries, is over by then. */
const DEADLINE_MS = 60_000;

const PROBES: Readonly<Record<Lane, { check: string; call(defender: Defender): Promise<unknown> }>> = {
  incidents: { check: "incident read", call: (defender) => defender.listIncidents({ top: 1 }) },
  hunting: { check: "hunting", call: (defender) => defender.runHuntingQuery({ kql: "print ok=1" }) },
};

/** Looks at one thing after the other; what rests on something broken is skipped. */
export async function* check(): AsyncGenerator<Finding, void> {
  const config = attempt(loadWorkerConfig);
  if (config.ok) yield* configurationOf(config.value);
  else yield failed("configuration", config.failure);

  // A broken credential's variable does not stand in the way of Redis.
  const redis = attempt(loadProducerConfig);
  if (!redis.ok) return;
  let redisAnswers = true;
  for await (const finding of checkRedis(redis.value.redis)) {
    redisAnswers &&= finding.unreachable !== true;
    yield finding;
  }
  if (!config.ok) return;
  for (const instance of config.value.instances) {
    if (redisAnswers) yield* checkInstance(instance, config.value);
    else yield skipped("token", instance.name, "Redis keeps the quota, and does not answer");
  }
}

function* configurationOf({ instances, notices }: WorkerConfig): Generator<Finding, void> {
  const names = instances.map(({ name }) => name).join(", ");
  yield {
    check: "configuration",
    ok: true,
    message: `instances: ${names}`,
    ...(notices.length === 0 ? {} : { hint: notices.join("; ") }),
  };
}

async function* checkInstance(instance: InstanceConfig, config: WorkerConfig): AsyncGenerator<Finding, void> {
  const { name } = instance;
  const open = async (lane: Lane): Promise<Gate> =>
    await openGate({
      redis: connectWorker(config.redis, { name: "defender-check" }),
      prefix: config.redis.prefix,
      id: gateId(instance, lane),
      windows: instance.limits[lane],
      bulkShare: instance.bulkShare,
    });
  const gates = { incidents: await open("incidents"), hunting: await open("hunting") };
  const redis = connectProducer(config.redis, { name: "defender-check" });
  const stops = new Stops(redis, config.redis.prefix);
  const connection = guardConnection(createConnection(instance, gates), name, stops);
  try {
    const defender = connection.open(callContext());
    const token = await probe("token", name, defender.authenticate());
    yield token;
    const credential = await credentialOf(instance, Date.now());
    if (credential !== null) yield credential;
    for (const lane of LANES) {
      const { check, call } = PROBES[lane];
      if (!instance.lanes.includes(lane)) yield skipped(check, name, `LANES leaves ${lane} out`);
      else if (token.ok !== true) yield skipped(check, name, "there is no token");
      else yield await probe(check, name, call(defender));
    }
    for (const lane of instance.lanes) yield quotaOf(instance, lane, await gates[lane].limit(), Date.now());
  } finally {
    redis.disconnect();
    await connection.close();
    await Promise.all(LANES.map((lane) => gates[lane].close()));
  }
}

function callContext(): CallContext {
  return {
    priority: "interactive",
    signal: AbortSignal.timeout(DEADLINE_MS),
    waitsForSlot: true,
    expiresAtMs: null,
    beforeSend: async () => {},
  };
}

async function probe(check: string, instance: string, call: Promise<unknown>): Promise<Finding> {
  try {
    await call;
    return { check, instance, ok: true, message: "works" };
  } catch (error) {
    const failure = toFailure(error);
    // A busy or paused lane says nothing about the permission.
    if (failure.code === "throttled") return skipped(check, instance, failure.message);
    const isAway = failure.code === "defender_unavailable" && failure.details.httpStatus === undefined;
    return { ...failed(check, failure), instance, ...(isAway ? { unreachable: true } : {}) };
  }
}

function skipped(check: string, instance: string, message: string): Finding {
  return { check, instance, ok: null, message };
}

type Attempt<T> = { ok: true; value: T } | { ok: false; failure: Failure };

function attempt<T>(load: () => T): Attempt<T> {
  try {
    return { ok: true, value: load() };
  } catch (error) {
    return { ok: false, failure: toFailure(error) };
  }
}
