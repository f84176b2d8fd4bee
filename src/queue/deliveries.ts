/**
 * Final results on their way to the webhook. Only the first of a case's outbox is on the queue, and its end brings the next:
 * so they are told in order, and none waits in a worker's slot.
 */
import { createHash } from "node:crypto";
import type { JobsOptions } from "bullmq";
import { z } from "zod";
import type { RedisClient } from "../redis-script.ts";
import { Outbox, summarySchema, type Untold } from "../results/outbox.ts";
import { WEBHOOK_QUEUE } from "./names.ts";
import type { Queues } from "./queues.ts";

/** What the receiver reads; on the queue it is a wire format. */
export const noticeSchema = z.object({
  v: z.literal(1),
  case_id: z.string(),
  job_id: z.string(),
  /** Raised each time that the job was asked for anew. */
  generation: z.number(),
  action: z.string(),
  instance: z.string(),
  ...summarySchema.shape,
  requested_by: z.string().nullable(),
  finished_at: z.iso.datetime(),
  cursor: z.string(),
  /** Where the HTTP API has the result. */
  path: z.string(),
});
export type Notice = z.infer<typeof noticeSchema>;

export const deliverySchema = z.object({
  ...noticeSchema.shape,
  /** It was tried for long enough once: whoever wants it sent again does not hold back the others of its case. */
  given_up: z.boolean().default(false),
});
export type Delivery = z.infer<typeof deliverySchema>;

/** A case whose outbox is to be looked at, by whoever may die before he can say that something is in it. */
export const lookSchema = z.object({ look_at: z.string() });

const LOOK_AFTER_MS = 10_000;

const DELIVERY_OPTIONS = {
  // How often and when is the worker's affair: BullMQ must never give one up by itself, for the next would wait for ever.
  attempts: 1_000_000,
  backoff: { type: "custom" },
  removeOnComplete: true,
  removeOnFail: { age: 14 * 86_400, count: 50_000 },
  stackTraceLimit: 1,
  keepLogs: 0,
} as const satisfies JobsOptions;

export class Deliveries {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #outbox: Outbox;
  readonly #queues: Queues;

  constructor(redis: RedisClient, prefix: string, queues: Queues) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#outbox = new Outbox(redis, prefix);
    this.#queues = queues;
  }

  /** Puts the first untold result of a case on the queue, unless it is there. To be called whenever one may have come. */
  async tell(caseId: string): Promise<void> {
    const untold = await this.#outbox.first(caseId);
    if (untold === null) return;
    const notice = toNotice(untold);
    const delivery: Delivery = { ...notice, given_up: false };
    await this.#queue().add("tell", delivery, { ...DELIVERY_OPTIONS, jobId: messageId(notice) });
  }

  /** The same in a while, whatever becomes of this process; nothing without a webhook. */
  async tellLater(caseId: string): Promise<void> {
    if (!(await isWebhookSet(this.#redis, this.#prefix))) return;
    const options = { ...DELIVERY_OPTIONS, delay: LOOK_AFTER_MS };
    await this.#queue().add("look", { look_at: caseId } satisfies z.infer<typeof lookSchema>, options);
  }

  /** Takes one out that was told or given up, and brings the next. */
  async leave({ case_id: caseId, cursor }: Notice): Promise<void> {
    await this.#outbox.drop(caseId, cursor);
    await this.tell(caseId);
  }

  /** False when it was told before: by a worker that died before it could say so to BullMQ. */
  async isOpen({ case_id: caseId, cursor, given_up: givenUp }: Delivery): Promise<boolean> {
    return givenUp || (await this.#outbox.holds(caseId, cursor));
  }

  #queue() {
    return this.#queues.get(WEBHOOK_QUEUE);
  }
}

/** One for each final result, however often it is sent: by it a receiver knows repeats. */
export function messageId({ case_id: caseId, job_id: jobId, generation, cursor }: Notice): string {
  const text = JSON.stringify([caseId, jobId, generation, cursor]);
  return `msg_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}

function toNotice({ head, summary, generation, finished_ms, cursor }: Untold): Notice {
  const { case_id, job_id, action, instance, requested_by } = head;
  return {
    v: 1,
    case_id,
    job_id,
    generation,
    action,
    instance,
    ...summary,
    requested_by,
    finished_at: new Date(finished_ms).toISOString(),
    cursor,
    path: `/v1/cases/${encodeURIComponent(case_id)}/jobs/${encodeURIComponent(job_id)}`,
  };
}

/** Workers say whether there is a webhook, for producers end jobs too: they cancel and settle. The last to start decides. */
export async function publishWebhook(redis: RedisClient, prefix: string, isSet: boolean): Promise<void> {
  if (isSet) await redis.set(webhookKey(prefix), "1");
  else await redis.del(webhookKey(prefix));
}

export async function isWebhookSet(redis: RedisClient, prefix: string): Promise<boolean> {
  return (await redis.exists(webhookKey(prefix))) === 1;
}

function webhookKey(prefix: string): string {
  return `${prefix}:webhook`;
}
