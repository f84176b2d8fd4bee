/** Final results that the webhook did not take for so long that they were given up. Reads only. */
import type { RedisClient } from "../redis-script.ts";
import { deliverySchema } from "./deliveries.ts";
import { checkFilter, type FailedFilter } from "./failed-filter.ts";
import { FailedSet } from "./failed-set.ts";
import { WEBHOOK_QUEUE } from "./names.ts";
import type { Queues } from "./queues.ts";

export interface GivenUp {
  caseId: string;
  jobId: string;
  action: string;
  instance: string;
  /** Of the job, not of its delivery. */
  status: "completed" | "failed";
  finishedAt: string;
  /** Why it was not taken the last time. */
  why: string;
  givenUpAt: string;
}

export type GivenUpFilter = Pick<FailedFilter, "caseId" | "since" | "limit">;

/** Newest first, read by page as the loop goes on. Throws `invalid_input` for a filter that is none. */
export async function* listGivenUp(
  redis: RedisClient,
  queues: Queues,
  given: GivenUpFilter = {},
): AsyncGenerator<GivenUp, void> {
  const { caseId, since, limit = Number.POSITIVE_INFINITY } = checkFilter(given);
  const failed = new FailedSet(redis, queues.get(WEBHOOK_QUEUE));
  let count = 0;
  for await (const entries of failed.pages(since?.getTime() ?? 0))
    for (const { data, reason, failedAtMs } of entries) {
      const delivery = deliverySchema.safeParse(data).data;
      if (delivery === undefined || (caseId !== undefined && delivery.case_id !== caseId)) continue;
      const { case_id, job_id, action, instance, status, finished_at: finishedAt } = delivery;
      const about = { caseId: case_id, jobId: job_id, action, instance, status, finishedAt };
      yield { ...about, why: reason, givenUpAt: new Date(failedAtMs ?? 0).toISOString() };
      count += 1;
      if (count >= limit) return;
    }
}
