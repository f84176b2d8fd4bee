/** One BullMQ worker on one queue: parses each job, lets the engine run it, and settles what comes of it. */
import { type Job as QueueJob, Worker } from "bullmq";
import type { RedisConfig } from "../config.ts";
import { Failure, toFailure } from "../contract/failure.ts";
import { type Job, jobSchema } from "../contract/job.ts";
import { ErrorLog } from "../error-log.ts";
import { reach } from "../fault-point.ts";
import type { Log } from "../log.ts";
import { queueKeyPrefix } from "../queue/names.ts";
import { MOST_INTERRUPTIONS, MOST_STALLS, WORKER_OPTIONS } from "../queue/options.ts";
import type { RedisClient } from "../redis-script.ts";
import { activeSpan, activeTraceparent, queueTelemetry } from "../trace/tracer.ts";
import { ENDS, type Engine, execute, type Settlement } from "./execute.ts";
import type { Run } from "./observer.ts";
import type { Parting } from "./parting.ts";
import { type Pointer, type SettleTools, settle } from "./settle.ts";

export interface LaneWorkerOptions extends SettleTools {
  queue: string;
  redis: RedisClient;
  config: Pick<RedisConfig, "prefix" | "mode">;
  concurrency: number;
  engine: Engine;
  parting: Parting;
  /** Sees to it that the webhook is told of results of the case. May be repeated. */
  tell(caseId: string): Promise<void>;
  log: Log;
  onRun(run: Run): void;
  onLost(how: "stalled" | "lock_lost"): void;
  /** Aborted when no job is to begin any more; those that run are told through `cancelAllJobs`. */
  stopping: AbortSignal;
}

/** Opens the worker; it takes jobs once `run()` is called. */
export function openLaneWorker(options: LaneWorkerOptions): Worker {
  const { queue, redis, config, concurrency, log, onLost } = options;
  const errors = new ErrorLog(log);
  const worker = new Worker(
    queue,
    // BullMQ gives the signal only to processors that declare three parameters (reliability.md 1, finding 10).
    async (job: QueueJob, token?: string, signal?: AbortSignal) =>
      await work(options, job, token ?? "", signal),
    {
      ...WORKER_OPTIONS,
      connection: redis,
      prefix: queueKeyPrefix(config, queue),
      concurrency,
      autorun: false,
      ...queueTelemetry(),
    },
  );
  worker.on("error", (error) => errors.warn({ event: "worker.error", queue, err: error }, "worker error"));
  worker.on("stalled", (queueJobId) => {
    onLost("stalled");
    log.warn({ event: "job.stalled", queue, queueJobId }, "job taken from a worker that died");
  });
  worker.on("lockRenewalFailed", (queueJobIds) => {
    for (const id of queueJobIds) {
      onLost("lock_lost");
      worker.cancelJob(id, "lock lost");
    }
  });
  return worker;
}

async function work(
  options: LaneWorkerOptions,
  queueJob: QueueJob,
  token: string,
  signal: AbortSignal | undefined,
): Promise<Pointer> {
  const { queue, engine, parting, stopping, log, onRun } = options;
  const place = { queue, queueJobId: queueJob.id ?? "" };
  // Not joined with AbortSignal.any: there every job would leave a trace in a signal that lives as long as the process.
  const ended = signal === undefined || stopping.aborted ? stopping : signal;
  const startedAtMs = performance.now();
  const parsed = parseJob(queueJob);
  if (parsed instanceof Failure) {
    await parting.badPayload(queueJob.data, queueJob.name, place, parsed);
    log.warn({ event: "job.refused", ...place, code: parsed.code }, "payload refused");
    const settlement: Settlement = { kind: "failed", failure: parsed };
    onRun({ action: null, settlement, durationMs: performance.now() - startedAtMs });
    return await settle(
      settlement,
      { job: queueJob, token, place, pointer: { case_id: "", job_id: "" } },
      options,
    );
  }
  const context = {
    case_id: parsed.case_id,
    job_id: parsed.job_id,
    action: parsed.action,
    instance: parsed.instance,
    trace_id: (activeTraceparent() ?? parsed.traceparent)?.split("-")[1],
  };
  const span = activeSpan();
  span.set({
    "defender.action": parsed.action,
    "defender.case.id": parsed.case_id,
    "defender.job.id": parsed.job_id,
    "defender.job.generation": parsed.generation,
    "defender.instance": parsed.instance,
    "defender.priority": parsed.priority,
  });
  let settlement: Settlement;
  try {
    const why = whyGivenUp(queueJob);
    settlement =
      why === null
        ? await execute(parsed, place, engine, ended)
        : await parting.giveUp(parsed, why, place).then(endedAs);
    // Before BullMQ hears of the end: a worker that dies in between leaves the job to the next, who finds it over.
    if (ENDS.has(settlement.kind)) await options.tell(parsed.case_id);
  } catch (error) {
    const failure = toFailure(error);
    if (failure.code === "invalid_input") {
      await parting.badPayload(queueJob.data, queueJob.name, place, failure);
      settlement = { kind: "failed", failure };
    } else {
      settlement = { kind: "interrupted", error: error instanceof Error ? error : failure };
    }
  }
  reach("before-ack");
  span.set({ "defender.outcome": outcomeOf(settlement) });
  if (settlement.kind === "failed") span.fail(settlement.failure.code);
  const durationMs = performance.now() - startedAtMs;
  onRun({ action: parsed.action, settlement, durationMs });
  log[levelOf(settlement, queueJob)](
    { event: `job.${settlement.kind}`, ...context, ms: Math.round(durationMs), ...describe(settlement) },
    `job ${settlement.kind}`,
  );
  return await settle(
    settlement,
    { job: queueJob, token, place, pointer: { case_id: parsed.case_id, job_id: parsed.job_id } },
    options,
  );
}

/** Before BullMQ itself gives a job up, for its result must say so first. */
function whyGivenUp({ stalledCounter, attemptsMade }: QueueJob): string | null {
  if (stalledCounter > MOST_STALLS) return `${stalledCounter} workers that took it died`;
  if (attemptsMade > MOST_INTERRUPTIONS) return `${attemptsMade} runs of it were interrupted`;
  return null;
}

function endedAs(failure: Failure | null): Settlement {
  return failure === null ? { kind: "over" } : { kind: "failed", failure };
}

function parseJob(queueJob: QueueJob): Job | Failure {
  const parsed = jobSchema.safeParse(queueJob.data);
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join(".") || "payload"))].join(
      ", ",
    );
    return new Failure("invalid_input", `the payload is not a job of version 1; at fault: ${fields}`);
  }
  if (parsed.data.action === queueJob.name) return parsed.data;
  return new Failure(
    "invalid_input",
    `the payload asks for ${JSON.stringify(parsed.data.action)}, but the job is named ${JSON.stringify(queueJob.name)}`,
  );
}

function outcomeOf(settlement: Settlement): string {
  return settlement.kind === "failed" ? settlement.failure.code : settlement.kind;
}

/** Of thousands of writes that are paused each looks again every 15 seconds: only its first look is news. */
export function levelOf(
  settlement: Settlement,
  { attemptsStarted }: Pick<QueueJob, "attemptsStarted">,
): "info" | "debug" {
  const isPaused = settlement.kind === "later" && settlement.waitFor === "paused";
  return isPaused && attemptsStarted > 1 ? "debug" : "info";
}

/** Figures and codes only: a payload never gets into the log. */
function describe(settlement: Settlement): object {
  if (settlement.kind === "failed") {
    const { code, details } = settlement.failure;
    return { code, http_status: details.httpStatus, request_id: details.requestId };
  }
  if (settlement.kind === "interrupted") return { err: settlement.error };
  if (settlement.kind === "later") return { delay_ms: settlement.delayMs, waits_for: settlement.waitFor };
  return "delayMs" in settlement ? { delay_ms: settlement.delayMs } : {};
}
