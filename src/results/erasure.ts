/** Erases the texts and rows of one result. */
import type { RedisClient } from "../redis-script.ts";
import { caseKeys, type JobRef } from "./keys.ts";
import { withoutTexts } from "./record.ts";
import { RowSets } from "./row-sets.ts";
import { erase } from "./scripts.ts";

/**
 * Leaves of a job that is over who it was and how it ended, and says so to those who follow. False when it is not over, when
 * the outcome of its write is unknown, or when it is not in `generation` (any more).
 */
export async function eraseResult(
  redis: RedisClient,
  prefix: string,
  { caseId, jobId }: JobRef,
  generation: number,
): Promise<boolean> {
  const { record, jobs, changes } = caseKeys(prefix, caseId);
  const [head, findings, rowsKey] = await redis.hmget(record(jobId), "head", "findings", "rows_key");
  if (head == null) return false;
  const brief = withoutTexts(head, findings ?? "{}");
  const keys = [record(jobId), jobs, changes, ...(rowsKey ? [rowsKey] : [])];
  const texts = [JSON.stringify(brief.head), JSON.stringify(brief.findings)];
  const isErased = (await erase(redis, keys, [jobId, generation, rowsKey ?? "", ...texts])) === 1;
  // Behind the rows: an entry without rows counts for too much until its time is up, rows without an entry would never count.
  if (isErased && rowsKey) await new RowSets(redis, prefix).forget(rowsKey);
  return isErased;
}
