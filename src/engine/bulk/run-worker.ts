/** The BullMQ worker on an instance's queue of runs: takes tickets, does a turn for each, and puts it back behind the others. */
import { type Job as QueueJob, Worker } from "bullmq";
import type { RedisConfig } from "../../config.ts";
import { Failure } from "../../contract/failure.ts";
import { ErrorLog } from "../../error-log.ts";
import { reach } from "../../fault-point.ts";
import type { Log } from "../../log.ts";
import { queueKeyPrefix, runsQueueName } from "../../queue/names.ts";
import { WORKER_OPTIONS } from "../../queue/options.ts";
import { ticketSchema } from "../../queue/run-tickets.ts";
import type { RedisClient } from "../../redis-script.ts";
import { queueTelemetry } from "../../trace/tracer.ts";
import type { Settlement } from "../execute.ts";
import { type Pointer, type SettleTools, settle } from "../settle.ts";
import { type TurnTools, takeTurn } from "./ticket.ts";

export interface RunWorkerOptions extends SettleTools, TurnTools {
  instanceName: string;
  redis: RedisClient;
  config: Pick<RedisConfig, "prefix" | "mode">;
  log: Log;
  /** Aborted when no turn is to begin any more. */
  stopping: AbortSignal;
}

/** Tickets at once in one process. Those of a few runs then never wait for each other, so the gate alone shares the calls out. */
const CONCURRENCY = 8;
/** BullMQ takes what is delayed in the order of its time, so this is the end of the queue. */
const TO_THE_END_MS = 1;

export function openRunWorker(options: RunWorkerOptions): Worker {
  const { instanceName, redis, config, log } = options;
  const queue = runsQueueName(instanceName);
  const errors = new ErrorLog(log);
  const worker = new Worker(
    queue,
    async (job: QueueJob, token?: string, signal?: AbortSignal) =>
      await work(options, queue, job, token ?? "", signal),
    {
      ...WORKER_OPTIONS,
      connection: redis,
      prefix: queueKeyPrefix(config, queue),
      concurrency: CONCURRENCY,
      autorun: false,
      ...queueTelemetry(),
    },
  );
  worker.on("error", (error) => errors.warn({ event: "worker.error", queue, err: error }, "worker error"));
  worker.on("stalled", (ticket) =>
    log.warn({ event: "run.stalled", queue, ticket }, "ticket taken from a worker that died"),
  );
  worker.on("lockRenewalFailed", (tickets) => {
    for (const id of tickets) worker.cancelJob(id, "lock lost");
  });
  return worker;
}

async function work(
  options: RunWorkerOptions,
  queue: string,
  job: QueueJob,
  token: string,
  signal: AbortSignal | undefined,
): Promise<Pointer> {
  const { stopping, hold, log } = options;
  const place = { queue, queueJobId: job.id ?? "" };
  const ended = signal === undefined || stopping.aborted ? stopping : signal;
  const ticket = ticketSchema.safeParse(job.data);
  let settlement: Settlement;
  if (!ticket.success) {
    const failure = new Failure("invalid_input", "the payload is not a ticket of version 1");
    log.warn({ event: "run.refused", ...place }, "ticket refused");
    settlement = { kind: "failed", failure };
  } else {
    const startedAtMs = performance.now();
    const turn = await takeTurn(ticket.data.run_id, place, options, ended);
    const ms = Math.round(performance.now() - startedAtMs);
    log.debug({ event: `run.${turn.kind}`, run_id: ticket.data.run_id, ticket: job.id, ms }, "turn");
    if (turn.kind === "held") await hold(turn.scope, turn.delayMs);
    if (turn.kind === "over") settlement = { kind: "over" };
    else if (ended.aborted) settlement = { kind: "handed-back" };
    else
      settlement = {
        kind: "later",
        delayMs: turn.kind === "again" ? Math.max(TO_THE_END_MS, turn.delayMs) : TO_THE_END_MS,
      };
  }
  reach("before-ack");
  const pointer = { case_id: "", job_id: "" };
  return await settle(settlement, { job, token, place, pointer }, options);
}
