/** The worker of a process: its instances, their gates, and a BullMQ worker for each of their queues. */
import type { Worker } from "bullmq";
import { Trail } from "../audit/trail.ts";
import type { InstanceConfig, WorkerConfig } from "../config.ts";
import { toFailure } from "../contract/failure.ts";
import { PRIORITIES } from "../contract/job.ts";
import { ErrorLog } from "../error-log.ts";
import { openPreflight } from "../kql/preflight.ts";
import type { Log } from "../log.ts";
import { connectWorker } from "../queue/connection.ts";
import { CredentialEnds } from "../queue/credential-ends.ts";
import { CredentialRefusals } from "../queue/credential-refusals.ts";
import { Deliveries, publishWebhook } from "../queue/deliveries.ts";
import { describeDrift, LARGEST_DRIFT_MS, measureDriftMs } from "../queue/drift.ts";
import { refuseEviction } from "../queue/eviction.ts";
import { publishInstances } from "../queue/instances.ts";
import { queueName, runsQueueName, WEBHOOK_QUEUE } from "../queue/names.ts";
import { Queues } from "../queue/queues.ts";
import { publishQuotas } from "../queue/quotas.ts";
import { Stops } from "../queue/stops.ts";
import { Turns } from "../queue/turns.ts";
import { ResultStore } from "../results/store.ts";
import type { InstanceAccess } from "./attempt.ts";
import { openRunWorkers } from "./bulk/run-workers.ts";
import { noteRefusals, watchCredentials } from "./credential-watch.ts";
import type { Engine } from "./execute.ts";
import { type Instances, openInstances } from "./instances.ts";
import { openLaneWorker } from "./lane-worker.ts";
import type { Observe } from "./observer.ts";
import { IncidentOrder } from "./order.ts";
import { Parting } from "./parting.ts";
import { Pulse } from "./pulse.ts";
import { type QueuePlace, queuesOf, serves, type WorkerScope } from "./queue-places.ts";
import { rowMemoryOf } from "./row-memory.ts";
import type { SettleTools } from "./settle.ts";
import { openDeliveryWorker } from "./webhook/delivery-worker.ts";

/** How often lost wake-ups of waiting writes are looked for. */
const SWEEP_EVERY_MS = 2_000;
const LOOK_AT_CLOCK_EVERY_MS = 60_000;
/** After the start, which it would slow down: loading the parser takes a processor for seconds. */
const WARM_UP_PARSER_MS = 30_000;
const TRIM_TRAIL_EVERY_MS = 60_000;
/** Kept of `SHUTDOWN_TIMEOUT` for putting back what still runs. */
const HAND_BACK_MS = 5_000;

export interface RunningWorker {
  /** What keeps it from taking jobs, by part: null for nothing. They reject, or take long, when Redis is away. */
  readonly checks: Readonly<Record<"redis" | "queues", () => Promise<string | null>>>;
  readonly limitShares: Instances["limitShares"];
  /** Takes no more jobs, finishes or hands back what runs, closes everything. May be called twice. */
  stop(): Promise<void>;
}

export async function startWorker(
  config: WorkerConfig,
  log: Log,
  scope: WorkerScope = {},
  observe: Observe = () => {},
): Promise<RunningWorker> {
  const { prefix } = config.redis;
  const errors = new ErrorLog(log);
  const onError = (err: Error) => errors.warn({ event: "redis.error", err }, "Redis connection");
  const redis = connectWorker(config.redis, { name: "defender-worker", onError });
  await refuseEviction(redis);
  const queues = new Queues(redis, config.redis);
  const { webhook } = config;
  const store = new ResultStore(
    redis,
    prefix,
    async () => webhook !== null,
    await rowMemoryOf(config, redis, log),
  );
  const deliveries = new Deliveries(redis, prefix, queues);
  const tell = async (caseId: string): Promise<void> => {
    if (webhook !== null) await deliveries.tell(caseId);
  };
  const order = new IncidentOrder(new Turns(redis, prefix), queues);
  const parting = new Parting(store, order, config.resultTtlMs, tell);
  const onLost = (error: unknown) =>
    errors.warn({ event: "audit.lost", err: toFailure(error) }, "the audit trail cannot be written");
  const trail = new Trail({ redis, prefix, onLost });
  // Refused here, and not with the first write in hand, when Redis lets this user not write it.
  await trail.trim(config.auditTtlMs);

  const served = config.instances.filter(
    ({ name }) => scope.instances === undefined || scope.instances.includes(name),
  );
  const heard = noteRefusals(new CredentialRefusals(redis, prefix), observe, onError);
  const instances = await openInstances(config, served, log, heard, new Stops(redis, prefix));
  const hunts = served.some((instance) => serves(instance, "hunting", scope));
  const preflight = openPreflight(hunts ? WARM_UP_PARSER_MS : undefined);
  const engine: Engine = {
    store,
    order,
    instance: (name) => instances.get(name),
    settings: config,
    checkQuery: preflight.check,
    resultTtlMs: config.resultTtlMs,
    inlineLimit: config.inlineLimit,
    trail,
  };

  await publishInstances(
    redis,
    prefix,
    config.instances.map(({ name }) => name),
    config,
    config.instances.filter(({ writes }) => !writes).map(({ name }) => name),
  );
  await publishWebhook(redis, prefix, webhook !== null);
  await publishQuotas(redis, prefix, config.instances);
  const credentials = watchCredentials(config.instances, new CredentialEnds(redis, prefix), onError);
  const stopping = new AbortController();
  const workers: Worker[] = [];
  for (const instance of served) {
    for (const place of queuesOf(instance, scope)) {
      const hold = holdOf(instance, place, queues, observe);
      const heldMs = await heldForMs(engine.instance(instance.name), place);
      if (heldMs > 0) await hold("priority", heldMs);
      workers.push(
        openLaneWorker({
          queue: place.name,
          redis,
          config: config.redis,
          concurrency: config.concurrency,
          engine,
          parting,
          tell,
          log,
          onLost: (how) => observe({ kind: "lost", instance: instance.name, how }),
          onRun: (run) => observe({ kind: "run", instance: instance.name, ...run }),
          stopping: stopping.signal,
          hold,
          afterParking: (incident, job) => order.afterParking(incident, job),
        }),
      );
    }
  }
  const runs = openRunWorkers({
    instances: served.filter((instance) => serves(instance, "incidents", scope)),
    redis,
    config,
    engine,
    queues,
    log,
    stopping: stopping.signal,
    tell,
    holdOf: (instance, name) =>
      holdOf(instance, { name, lane: "incidents", priority: "bulk" }, queues, observe),
    afterParking: (incident, job) => order.afterParking(incident, job),
  });
  workers.push(...runs.workers);
  const sender =
    webhook &&
    (await openDeliveryWorker({
      redis,
      config: config.redis,
      webhook,
      deliveries,
      concurrency: config.concurrency,
      log,
      observe,
      stopping: stopping.signal,
      hold: (delayMs) => queues.get(WEBHOOK_QUEUE).rateLimit(delayMs),
    }));
  if (sender !== null) workers.push(sender.worker);
  const pulses = workers.map((worker) => ({ queue: worker.name, pulse: new Pulse(worker) }));
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  for (const worker of workers) void worker.run();
  const sweeping = setInterval(() => {
    order.sweep().catch(onError);
    runs.sweep().catch(onError);
  }, SWEEP_EVERY_MS);

  const lookAtClock = async (): Promise<void> => {
    const driftMs = await measureDriftMs(redis);
    if (Math.abs(driftMs) > LARGEST_DRIFT_MS)
      log.warn({ event: "clock.drift", drift_ms: driftMs }, describeDrift(driftMs));
  };
  lookAtClock().catch(onError);
  const lookingAtClock = setInterval(() => lookAtClock().catch(onError), LOOK_AT_CLOCK_EVERY_MS);
  const trimming = setInterval(() => trail.trim(config.auditTtlMs).catch(onError), TRIM_TRAIL_EVERY_MS);

  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    clearInterval(sweeping);
    clearInterval(lookingAtClock);
    credentials.stop();
    clearInterval(trimming);
    const finishMs = Math.max(0, config.shutdownTimeoutMs - HAND_BACK_MS);
    const handBack = setTimeout(() => {
      stopping.abort();
      for (const worker of workers) worker.cancelAllJobs("stopping");
    }, finishMs);
    await Promise.all(workers.map((worker) => worker.close()));
    clearTimeout(handBack);
    sender?.close();
    await instances.close();
    await preflight.close();
    await queues.close();
    await trail.flush();
    redis.disconnect();
  }
  return {
    checks: {
      async redis() {
        const driftMs = await measureDriftMs(redis);
        return Math.abs(driftMs) > LARGEST_DRIFT_MS ? describeDrift(driftMs) : null;
      },
      async queues() {
        if (stopped !== undefined) return "stopping";
        const alive = await Promise.all(pulses.map(({ pulse }) => pulse.isAlive()));
        const dead = pulses.filter((_, index) => alive[index] !== true).map(({ queue }) => queue);
        return dead.length === 0 ? null : `not listening: ${dead.join(", ")}`;
      },
    },
    limitShares: () => instances.limitShares(),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Ping is never held: it tells what it finds. */
async function heldForMs({ connection }: InstanceAccess, { lane, priority }: QueuePlace): Promise<number> {
  return lane === "ping" ? 0 : await connection.heldForMs(lane, priority);
}

/** Lets nobody take jobs of a queue, or of both queues of its lane, for a while. */
function holdOf(
  instance: InstanceConfig,
  { name, lane }: QueuePlace,
  queues: Queues,
  observe: Observe,
): SettleTools["hold"] {
  return async (scope, delayMs) => {
    observe({ kind: "hold", instance: instance.name, lane, scope, delayMs });
    const held =
      scope === "priority"
        ? [name]
        : [
            ...PRIORITIES.map((priority) => queueName(instance.name, lane, priority)),
            ...(lane === "incidents" ? [runsQueueName(instance.name)] : []),
          ];
    for (const each of new Set(held)) await queues.get(each).rateLimit(Math.ceil(delayMs));
  };
}
