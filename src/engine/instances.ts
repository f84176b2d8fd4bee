/** The instances of a worker: their gates, and their connections to Defender. */
import type { InstanceConfig, WorkerConfig } from "../config.ts";
import { LANES, type Lane } from "../contract/job.ts";
import { createConnection, gateId } from "../defender/connection.ts";
import { type Gate, openGate, type WindowUse } from "../defender/gate.ts";
import { ErrorLog } from "../error-log.ts";
import type { Log } from "../log.ts";
import { connectWorker } from "../queue/connection.ts";
import type { Stops } from "../queue/stops.ts";
import type { InstanceAccess } from "./attempt.ts";
import { withoutWrites } from "./dry-run.ts";
import type { Observe } from "./observer.ts";
import { guardConnection, refuseStopped } from "./stop-guard.ts";

/** The part of a lane's configured limits that calls may use: from 0.1 to 1. */
export interface LimitShare {
  instance: string;
  lane: Lane;
  share: number;
  /** The configured limits, and what is used of them. */
  windows: readonly WindowUse[];
  /** Until interactive calls may go again, because of a pause or full windows; 0 now. */
  heldMs: number;
}

export interface Instances {
  /** Throws for an instance that is not served here. */
  get(name: string): InstanceAccess;
  /** Of every lane of an instance. Rejects, or takes long, when Redis is away. */
  limitShares(): Promise<LimitShare[]>;
  close(): Promise<void>;
}

export async function openInstances(
  config: WorkerConfig,
  served: readonly InstanceConfig[],
  log: Log,
  observe: Observe,
  stops: Stops,
): Promise<Instances> {
  const gates = await openGates(config, served, log);
  const access = new Map(
    served.map((instance) => [instance.name, openAccess(instance, gates, log, observe, stops)]),
  );
  return {
    get(name) {
      const found = access.get(name);
      if (found === undefined) throw new Error(`instance ${name} is not served here`);
      return found;
    },
    async limitShares() {
      const places = served.flatMap((instance) => instance.lanes.map((lane) => ({ instance, lane })));
      return await Promise.all(
        places.map(async ({ instance, lane }) => {
          const gate = gateOf(gates, instance, lane);
          const reading = [gate.limit(), gate.windows(), gate.heldForMs("interactive")] as const;
          const [{ share }, windows, heldMs] = await Promise.all(reading);
          return { instance: instance.name, lane, share, windows, heldMs };
        }),
      );
    },
    async close() {
      await Promise.all([...access.values()].map(({ connection }) => connection.close()));
      await Promise.all([...gates.values()].map((gate) => gate.close()));
    },
  };
}

function openAccess(
  instance: InstanceConfig,
  gates: ReadonlyMap<string, Gate>,
  log: Log,
  observe: Observe,
  stops: Stops,
): InstanceAccess {
  const byLane = {
    incidents: gateOf(gates, instance, "incidents"),
    hunting: gateOf(gates, instance, "hunting"),
  };
  const connection = createConnection(instance, byLane, {
    onEvent(event) {
      log.debug({ event: `defender.${event.kind}`, instance: instance.name }, "defender");
      observe({ kind: "defender", instance: instance.name, event });
    },
  });
  const isDryRun = !instance.writes;
  const guarded = guardConnection(connection, instance.name, stops);
  return {
    connection: isDryRun ? withoutWrites(guarded) : guarded,
    lanes: instance.lanes,
    isDryRun,
    refuseStopped: (call) => refuseStopped(stops, { instance: instance.name, ...call }),
  };
}

function gateOf(gates: ReadonlyMap<string, Gate>, instance: InstanceConfig, lane: Lane): Gate {
  const gate = gates.get(gateId(instance, lane));
  if (gate === undefined) throw new Error(`no gate for lane ${lane} of ${instance.name}`);
  return gate;
}

/** Instances that share a quota share a gate; every gate has a connection of its own, which it closes. */
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
      const errors = new ErrorLog(log);
      const gate = openGate({
        redis: connectWorker(config.redis, { name: `defender-gate-${lane}` }),
        prefix: config.redis.prefix,
        id,
        windows: instance.limits[lane],
        bulkShare: instance.bulkShare,
        onWarning: (message) =>
          errors.warn({ event: "gate.warning", lane, instance: instance.name }, message),
        onLimitLowered: (share) =>
          log.warn(
            { event: "gate.limit_lowered", lane, instance: instance.name, share },
            "Defender refused calls below our limit, so it is lowered for all workers",
          ),
      });
      opening.set(id, gate);
    }
  }
  const opened = await Promise.all([...opening].map(async ([id, gate]) => [id, await gate] as const));
  return new Map(opened);
}
