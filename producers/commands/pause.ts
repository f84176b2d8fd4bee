/** `defender-actions pause` and `unpause`: the stop button. */
import { type Command, Option } from "commander";
import { Trail } from "../../src/audit/trail.ts";
import { Witness } from "../../src/audit/witness.ts";
import { loadProducerConfig } from "../../src/config.ts";
import { toFailure } from "../../src/contract/failure.ts";
import { instanceNameSchema, LANES, type Lane } from "../../src/contract/job.ts";
import { printJson, printText, tell } from "../../src/output.ts";
import { connectProducer } from "../../src/queue/connection.ts";
import { findInstance } from "../../src/queue/instances.ts";
import { type Stop, type StopScope, Stops } from "../../src/queue/stops.ts";
import { machineUser, reading } from "./session.ts";

interface Options {
  instance?: string;
  lane?: Lane;
  writes?: boolean;
  json?: boolean;
}

interface PauseOptions extends Options {
  by?: string;
  reason: string;
}

export function definePause(command: Command): void {
  addScope(command)
    .option("--reason <text>", "why, for whoever looks at what waits", "")
    .option("--by <name>", "who; default: the user of this machine")
    .action(async ({ by = machineUser(), reason: why, ...options }: PauseOptions) => {
      await withStops(options, async (stops, scope, witness) => {
        const about = { verb: "pause", requested_by: by, input: { ...scope, why } } as const;
        const { stop, former } = await witness.see(about, () => stops.pause(scope, { by, why }));
        if (former !== null) tell(`Takes the place of: ${describe(former)}.`);
        tell(`Paused: ${describe(stop)}. Lift it with defender-actions unpause.`);
      });
    });
}

export function defineUnpause(command: Command): void {
  addScope(command).action(async (options: Options) => {
    await withStops(options, async (stops, scope, witness) => {
      const lifted = await witness.see(
        { verb: "unpause" },
        () => stops.unpause(scope),
        (lifted) => ({ input: { ...scope, lifted } }),
      );
      tell(
        lifted.length === 0 ? "Nothing was paused there." : `Goes on: ${lifted.map(describe).join("; ")}.`,
      );
    });
  });
}

function addScope(command: Command): Command {
  return command
    .option("--instance <name>", "only this instance; default: all", reading(instanceNameSchema))
    .addOption(new Option("--lane <lane>", "only this lane; default: all").choices(LANES))
    .option("--writes", "only writes; reads go on")
    .option("--json", "print JSON: all that is paused now");
}

async function withStops(
  { instance, lane, writes, json }: Options,
  work: (stops: Stops, scope: StopScope, witness: Witness) => Promise<void>,
): Promise<void> {
  const { redis: config } = loadProducerConfig();
  const redis = connectProducer(config, { name: "defender-pause" });
  try {
    if (instance !== undefined) await findInstance(redis, config.prefix, instance);
    const stops = new Stops(redis, config.prefix);
    const onLost = (error: unknown) => tell(`The audit trail cannot be written: ${toFailure(error).message}`);
    const trail = new Trail({ redis, prefix: config.prefix, onLost });
    const witness = new Witness(trail, { via: "cli", caller: machineUser() });
    await work(stops, { instance: instance ?? null, lane: lane ?? null, writes: writes ?? false }, witness);
    const left = await stops.list();
    if (json) return await printJson(left);
    await printText(left.length === 0 ? "Nothing is paused." : left.map(describe).join("\n"));
  } finally {
    redis.disconnect();
  }
}

function describe({ instance, lane, writes, by, why, since }: Stop): string {
  const what = `${writes ? "writes" : "everything"} of ${lane ?? "all lanes"}, ${instance ?? "all instances"}`;
  return `${what} (by ${by}, ${since}${why === "" ? "" : `: ${why}`})`;
}
