/** Sends final results to the webhook, each until it is taken or given up, those of a case one after the other. */
import { type Job as QueueJob, Worker } from "bullmq";
import type { RedisConfig, WebhookSettings } from "../../config.ts";
import { openAgents } from "../../egress/agents.ts";
import { ErrorLog } from "../../error-log.ts";
import type { Log } from "../../log.ts";
import {
  type Deliveries,
  type Delivery,
  deliverySchema,
  lookSchema,
  messageId,
  noticeSchema,
} from "../../queue/deliveries.ts";
import { queueKeyPrefix, WEBHOOK_QUEUE } from "../../queue/names.ts";
import { WORKER_OPTIONS } from "../../queue/options.ts";
import type { RedisClient } from "../../redis-script.ts";
import { backoffMs, type RetryPolicy } from "../backoff.ts";
import type { Observe } from "../observer.ts";
import { post } from "./post.ts";
import { loadKeys, signedHeaders } from "./signature.ts";

/** Over about 18 hours: 5 s, 15 s, 45 s, 2 min, …, and 4 h in the end. */
const PATIENCE: RetryPolicy = {
  attempts: 14,
  firstDelayMs: 5_000,
  factor: 3,
  longestDelayMs: 4 * 3_600_000,
};
const AGAIN_AFTER_MS = 5_000;
/** A delivery harms nobody, however often the workers that have it die. */
const MOST_STALLS = 1_000_000;

export interface DeliveryWorkerOptions {
  redis: RedisClient;
  config: Pick<RedisConfig, "prefix" | "mode">;
  webhook: WebhookSettings;
  deliveries: Deliveries;
  concurrency: number;
  log: Log;
  observe: Observe;
  /** Aborted when whatever is under way is to end. */
  stopping: AbortSignal;
  /** Lets nobody send anything for a while. */
  hold(delayMs: number): Promise<void>;
  policy?: RetryPolicy;
}

export interface DeliveryWorker {
  /** Takes deliveries once `run()` is called. */
  readonly worker: Worker;
  close(): void;
}

class NotTaken extends Error {
  override readonly name = "NotTaken";
  /** Until it is sent again; null: never. */
  readonly againInMs: number | null;

  constructor(why: string, againInMs: number | null) {
    super(why);
    this.againInMs = againInMs;
  }
}

export async function openDeliveryWorker(options: DeliveryWorkerOptions): Promise<DeliveryWorker> {
  const { redis, config, concurrency, webhook, log } = options;
  const agents = await openAgents(webhook.egress);
  const errors = new ErrorLog(log);
  const send = async (id: string, body: string) => {
    const headers = signedHeaders(id, body, await loadKeys(webhook.secret), Date.now());
    const more = { "content-type": "application/json", "user-agent": "defender-actions" };
    return await post(webhook.url, { ...more, ...headers }, body, agents, options.stopping);
  };
  const worker = new Worker(WEBHOOK_QUEUE, async (job: QueueJob) => await work(job, options, send), {
    ...WORKER_OPTIONS,
    maxStalledCount: MOST_STALLS,
    connection: redis,
    prefix: queueKeyPrefix(config, WEBHOOK_QUEUE),
    concurrency,
    autorun: false,
    settings: {
      // -1 gives it up: only what has left its place for the next one. All else, such as a Redis that is away, comes again.
      backoffStrategy: (_made, _type, error) =>
        error instanceof NotTaken ? (error.againInMs ?? -1) : AGAIN_AFTER_MS,
    },
  });
  worker.on("error", (err) =>
    errors.warn({ event: "worker.error", queue: WEBHOOK_QUEUE, err }, "worker error"),
  );
  return { worker, close: () => agents.close() };
}

type Send = (id: string, body: string) => ReturnType<typeof post>;

async function work(job: QueueJob, options: DeliveryWorkerOptions, send: Send): Promise<void> {
  const { deliveries, observe, log } = options;
  const look = lookSchema.safeParse(job.data);
  if (look.success) return await deliveries.tell(look.data.look_at);
  const parsed = deliverySchema.safeParse(job.data);
  if (!parsed.success) throw new NotTaken("the payload is no result of ours", null);
  const delivery = parsed.data;
  if (!(await deliveries.isOpen(delivery))) return await deliveries.tell(delivery.case_id);

  const { case_id, job_id, action, instance } = delivery;
  const tries = job.attemptsMade + 1;
  const about = { case_id, job_id, action, instance, tries };
  const { why, isGone = false, restMs = 0 } = await attempt(delivery, send);
  if (why === null) {
    await deliveries.leave(delivery);
    observe({ kind: "delivery", instance, outcome: "taken" });
    log.info({ event: "webhook.taken", ...about }, "the webhook has taken a result");
    return;
  }
  const { policy = PATIENCE, stopping } = options;
  const isLast = isGone || delivery.given_up || tries >= policy.attempts;
  if (isLast && !stopping.aborted) {
    await job.updateData({ ...delivery, given_up: true } satisfies Delivery);
    await deliveries.leave(delivery);
    observe({ kind: "delivery", instance, outcome: "given_up" });
    log.error({ event: "webhook.given_up", ...about, why }, "a result is not sent to the webhook any more");
    throw new NotTaken(why, null);
  }
  if (restMs > 0) await options.hold(restMs);
  const againInMs = Math.max(restMs, backoffMs(tries, policy));
  observe({ kind: "delivery", instance, outcome: "refused" });
  log.warn({ event: "webhook.refused", ...about, why, delay_ms: againInMs }, "the webhook took no result");
  throw new NotTaken(why, againInMs);
}

interface Attempt {
  /** Null when it was taken. Holds nothing of the URL. */
  why: string | null;
  /** The receiver wants no more of it. */
  isGone?: boolean;
  /** How long it wants to be left alone. */
  restMs?: number | undefined;
}

async function attempt(delivery: Delivery, send: Send): Promise<Attempt> {
  const notice = noticeSchema.parse(delivery);
  const type = `result.${notice.status}`;
  const body = JSON.stringify({ type, timestamp: notice.finished_at, data: notice });
  try {
    const { status, retryAfterMs } = await send(messageId(notice), body);
    if (status >= 200 && status < 300) return { why: null };
    const restMs = status === 429 || status === 503 ? retryAfterMs : undefined;
    return { why: `the webhook answered ${status}`, isGone: status === 410, restMs };
  } catch (error) {
    return { why: describe(error) };
  }
}

function describe(error: unknown): string {
  if (error instanceof Error && "code" in error) return `the webhook did not answer (${String(error.code)})`;
  return error instanceof Error && error.message.startsWith("RESULT_WEBHOOK_")
    ? error.message
    : "the webhook did not answer";
}
