/** The worker of a process: its instances, their gates, and a BullMQ worker for each of their queues. */
import type { Worker } from "bullmq";
import type { InstanceConfig, WorkerConfig } from "../config.ts";
import { LANES, type Lane, PRIORITIES, type Priority } from "../contract/job.ts";
import { createConnection, gateId } from "../defender/connection.ts";
import { type Gate, openGate } from "../defender/gate.ts";
import type { Log } from "../log.ts";
import { connectWorker } from "../queue/connection.ts";
import { publishInstances } from "../queue/instances.ts";
import { queueName } from "../queue/names.ts";
import { Queues } from "../queue/queues.ts";
import { Turns } from "../queue/turns.ts";
import { ResultStore } from "../results/store.ts";
import type { InstanceAccess } from "./attempt.ts";
import type { Engine } from "./execute.ts";
import { openLaneWorker } from "./lane-worker.ts";
import type { Observe } from "./observer.ts";
import { IncidentOrder } from "./order.ts";
import { Parting } from "./parting.ts";
import { Pulse } from "./pulse.ts";

/** How often lost wake-ups of waiting writes are looked for. */
const SWEEP_EVERY_MS = 2_000;
/** Kept of `SHUTDOWN_TIMEOUT` for putting back what still runs. */
const HAND_BACK_MS = 5_000;

export interface RunningWorker {
  /** What keeps it from taking jobs, by part: null for nothing. They reject, or take long, when Redis is away. */
  readonly checks: Readonly<Record<"redis" | "queues", () => Promise<string | null>>>;
  /** Takes no more jobs, finishes or hands back what runs, closes everything. May be called twice. */
  stop(): Promise<void>;
}

export interface WorkerScope {
  /** Serve only these; default: all that are configured. */
  instances?: readonly string[];
  lanes?: readonly Lane[];
}

export async function startWorker(
  config: WorkerConfig,
  log: Log,
  scope: WorkerScope = {},
  observe: Observe = () => {},
): Promise<RunningWorker> {
  const { prefix } = config.redis;
  const onError = (error: Error) => log.warn({ event: "redis.error", err: error }, "Redis connection");
  const redis = connectWorker(config.redis, { name: "defender-worker", onError });
  const queues = new Queues(redis, config.redis);
  const store = new ResultStore(redis, prefix);
  const order = new IncidentOrder(new Turns(redis, prefix), queues);
  const parting = new Parting(store, order, config.resultTtlMs);

  const served = config.instances.filter(
    ({ name }) => scope.instances === undefined || scope.instances.includes(name),
  );
  const gates = await openGates(config, served, log);
  const access = new Map<string, InstanceAccess>();
  for (const instance of served) access.set(instance.name, accessOf(instance, gates, log, observe));
  const engine: Engine = {
    store,
    order,
    settings: config,
    resultTtlMs: config.resultTtlMs,
    inlineRows: config.inlineRows,
    instance(name) {
      const found = access.get(name);
      if (found === undefined) throw new Error(`instance ${name} is not served here`);
      return found;
    },
  };

  await publishInstances(
    redis,
    prefix,
    config.instances.map(({ name }) => name),
    config,
  );
  const stopping = new AbortController();
  const workers: Worker[] = [];
  for (const instance of served) {
    const { connection } = engine.instance(instance.name);
    for (const { name, lane, priority } of queuesOf(instance, scope)) {
      const hold = async (kind: "lane" | "priority", delayMs: number) => {
        observe({ kind: "hold", instance: instance.name, lane, scope: kind, delayMs });
        const held =
          kind === "priority" || lane === "ping"
            ? [name]
            : PRIORITIES.map((each) => queueName(instance.name, lane, each));
        for (const each of held) await queues.get(each).rateLimit(Math.ceil(delayMs));
      };
      const heldMs = lane === "ping" ? 0 : await connection.heldForMs(lane, priority);
      if (heldMs > 0) await hold("priority", heldMs);
      workers.push(
        openLaneWorker({
          queue: name,
          redis,
          config: config.redis,
          concurrency: config.concurrency,
          engine,
          parting,
          log,
          onRun: (run) => observe({ kind: "run", instance: instance.name, ...run }),
          stopping: stopping.signal,
          hold,
          afterParking: (incident, job) => order.afterParking(incident, job),
        }),
      );
    }
  }
  const pulses = workers.map((worker) => ({ queue: worker.name, pulse: new Pulse(worker) }));
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  for (const worker of workers) void worker.run();
  const sweeping = setInterval(() => {
    order.sweep().catch(onError);
  }, SWEEP_EVERY_MS);

  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    clearInterval(sweeping);
    const handBack = setTimeout(() => stopping.abort(), Math.max(0, config.shutdownTimeoutMs - HAND_BACK_MS));
    await Promise.all(workers.map((worker) => worker.close()));
    clearTimeout(handBack);
    await Promise.all([...access.values()].map(({ connection }) => connection.close()));
    await Promise.all([...gates.values()].map((gate) => gate.close()));
    await queues.close();
    redis.disconnect();
  }
  return {
    checks: {
      async redis() {
        await redis.ping();
        return null;
      },
      async queues() {
        if (stopped !== undefined) return "stopping";
        const alive = await Promise.all(pulses.map(({ pulse }) => pulse.isAlive()));
        const dead = pulses.filter((_, index) => alive[index] !== true).map(({ queue }) => queue);
        return dead.length === 0 ? null : `not listening: ${dead.join(", ")}`;
      },
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

function accessOf(
  instance: InstanceConfig,
  gates: ReadonlyMap<string, Gate>,
  log: Log,
  observe: Observe,
): InstanceAccess {
  const gateOf = (lane: Lane): Gate => {
    const gate = gates.get(gateId(instance, lane));
    if (gate === undefined) throw new Error(`no gate for lane ${lane} of ${instance.name}`);
    return gate;
  };
  const byLane = { incidents: gateOf("incidents"), hunting: gateOf("hunting") };
  const connection = createConnection(instance, byLane, {
    onEvent(event) {
      log.debug({ event: `defender.${event.kind}`, instance: instance.name }, "defender");
      observe({ kind: "defender", instance: instance.name, event });
    },
  });
  return { connection, lanes: instance.lanes };
}

/** Instances that share a quota share a gate. */
async function openGates(
  config: WorkerConfig,
  instances: readonly InstanceConfig[],
  log: Log,
): Promise<Map<string, Gate>> {
  const opening = new Map<string, Promise<Gate>>();
  for (const instance of instances) {
    for (const lane of LANES) {
      const id = gateId(instance, lane);
      if (opening.has(id)) continue;
      const redis = connectWorker(config.redis, { name: `defender-gate-${lane}` });
      opening.set(
        id,
        openGate({
          redis,
          prefix: config.redis.prefix,
          id,
          windows: instance.limits[lane],
          bulkShare: instance.bulkShare,
          onWarning: (message) => log.warn({ event: "gate.warning", lane, instance: instance.name }, message),
        }),
      );
    }
  }
  const opened = await Promise.all([...opening].map(async ([id, gate]) => [id, await gate] as const));
  return new Map(opened);
}

function queuesOf(
  instance: InstanceConfig,
  scope: WorkerScope,
): { name: string; lane: Lane | "ping"; priority: Priority }[] {
  const lanes = instance.lanes.filter((lane) => scope.lanes === undefined || scope.lanes.includes(lane));
  const queues = lanes.flatMap((lane) =>
    PRIORITIES.map((priority) => ({ name: queueName(instance.name, lane, priority), lane, priority })),
  );
  return [
    ...queues,
    { name: queueName(instance.name, "ping", "interactive"), lane: "ping", priority: "interactive" },
  ];
}
