/** The jobs of all instances that failed for good: listed by page, or found by id. Reads only. */
import type { RedisConfig } from "../config.ts";
import { Failure } from "../contract/failure.ts";
import type { Job } from "../contract/job.ts";
import type { RedisClient } from "../redis-script.ts";
import type { JobRef } from "../results/keys.ts";
import { ResultReader, type Standing } from "../results/reader.ts";
import { checkFilter, type FailedFilter, passes } from "./failed-filter.ts";
import {
  type Address,
  addressOf,
  describeFailed,
  describeRecord,
  type Evidence,
  type FailedJob,
  type FailedJobDetails,
  isDead,
  requestedIncident,
} from "./failed-job.ts";
import { FailedSet, type QueueEntry } from "./failed-set.ts";
import { type InstanceQueue, listQueues, queuesOf } from "./instance-queues.ts";
import { findInstance } from "./instances.ts";
import { mergeNewestFirst } from "./newest-first.ts";
import type { Queues } from "./queues.ts";

/** A job by its id, which is unique; the case makes it exact. */
export interface JobTarget {
  jobId: string;
  caseId?: string | null | undefined;
}

/** A failed job, and what is needed to act on it. */
export interface FoundJob {
  job: FailedJob;
  /** Null when the payload is not a job of ours, or gone. */
  payload: Job | null;
  standing: Standing | null;
  /** Null when BullMQ does not keep it any more. */
  entry: { queue: InstanceQueue; queueJobId: string; data: unknown } | null;
}

interface Candidate {
  queue: InstanceQueue;
  entry: QueueEntry;
  address: Address;
  standing: Standing | null;
}

export class FailedJobs {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #queues: Queues;
  readonly #reader: ResultReader;

  constructor(redis: RedisClient, { prefix }: Pick<RedisConfig, "prefix">, queues: Queues) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#queues = queues;
    this.#reader = new ResultReader(redis, prefix);
  }

  /** Newest first, over all queues. Throws `invalid_input` for a filter that is none. */
  async *list(given: FailedFilter = {}): AsyncGenerator<FailedJob, void> {
    const filter = checkFilter(given);
    if (filter.instance !== undefined) await findInstance(this.#redis, this.#prefix, filter.instance);
    const all = await listQueues(this.#redis, this.#prefix);
    const queues = filter.instance === undefined ? all : queuesOf(filter.instance);
    const streams = queues.map((queue) => this.#listQueue(queue, filter));
    let left = filter.limit ?? Number.POSITIVE_INFINITY;
    for await (const job of mergeNewestFirst(streams, ({ failedAt }) => failedAt)) {
      yield job;
      left -= 1;
      if (left <= 0) return;
    }
  }

  /** All that is known of one. Throws as `find` does. */
  async details(target: JobTarget): Promise<FailedJobDetails> {
    const found = await this.find(target);
    const { job, payload, standing, entry } = found;
    return {
      ...job,
      input: payload?.input ?? entry?.data ?? null,
      evidence: await this.evidenceOf(found),
      result: standing?.result ?? null,
    };
  }

  async evidenceOf({ job, payload, standing }: FoundJob): Promise<Evidence | null> {
    const open = standing?.openWrite ?? null;
    if (open === null) return null;
    const { mark, incident_id: sentTo } = open.note;
    const incidentId = typeof sentTo === "string" ? sentTo : requestedIncident(payload);
    return {
      sentAt: new Date(open.sentAtMs).toISOString(),
      sent: open.note,
      mark: typeof mark === "string" && mark !== "" ? mark : null,
      incidentId,
      incidentUrl: incidentId === null ? null : await this.#urlOf(job.instance, incidentId),
    };
  }

  /** Throws `not_found` for an unknown job, and `conflict` for one that has not failed, or not for good any more. */
  async find({ jobId, caseId }: JobTarget): Promise<FoundJob> {
    const standing = caseId == null ? null : await this.#reader.standing({ caseId, jobId });
    return standing === null || caseId == null
      ? await this.#search(jobId, caseId ?? null)
      : await this.#findKnown({ caseId, jobId }, standing);
  }

  /** The record says where the job lies. */
  async #findKnown(ref: JobRef, standing: Standing): Promise<FoundJob> {
    const { result, generation } = standing;
    for (const queue of queuesOf(result.instance)) {
      const entry = await this.#setOf(queue).find(ref.jobId, generation);
      if (entry === null) continue;
      const address = addressOf(entry);
      if (address.caseId !== ref.caseId || (entry.failedAtMs === null && result.status !== "failed"))
        continue;
      if (isDead(address, standing)) return toFound({ queue, entry, address, standing });
    }
    if (result.status !== "failed") throw notFailed(ref.jobId, standing);
    return { job: describeRecord(standing), payload: null, standing, entry: null };
  }

  async #search(jobId: string, caseId: string | null): Promise<FoundJob> {
    const queues = await listQueues(this.#redis, this.#prefix);
    const found = await Promise.all(
      queues.map(async (queue) => {
        const entries = await this.#setOf(queue).search(jobId);
        return await Promise.all(entries.map((entry) => this.#join(queue, entry)));
      }),
    );
    const candidates = found
      .flat()
      .filter(({ address }) => address.jobId === jobId && (caseId === null || address.caseId === caseId));
    const dead = candidates.filter(({ address, standing }) => isDead(address, standing));
    const cases = new Set(dead.map(({ address }) => address.caseId));
    if (cases.size > 1) {
      const named = [...cases].map((each) => JSON.stringify(each)).join(", ");
      throw new Failure("conflict", `job ${JSON.stringify(jobId)} failed in the cases ${named}`, {
        hint: "Name the case as well: --case",
      });
    }
    const [newest] = dead.sort((left, right) => right.address.generation - left.address.generation);
    if (newest !== undefined) return toFound(newest);
    const [over] = candidates;
    throw over?.standing ? notFailed(jobId, over.standing) : unknownFailed(jobId, caseId);
  }

  async *#listQueue(queue: InstanceQueue, filter: FailedFilter): AsyncGenerator<FailedJob, void> {
    const pages = this.#setOf(queue).pages(filter.since?.getTime() ?? 0);
    for await (const entries of pages) {
      const candidates = await Promise.all(entries.map((entry) => this.#join(queue, entry)));
      for (const { entry, address, standing } of candidates) {
        if (!isDead(address, standing)) continue;
        const job = describeFailed(entry, address, standing, queue);
        if (passes(job, filter)) yield job;
      }
    }
  }

  async #join(queue: InstanceQueue, entry: QueueEntry): Promise<Candidate> {
    const address = addressOf(entry);
    const { caseId, recordId: jobId } = address;
    const standing = caseId === null ? null : await this.#reader.standing({ caseId, jobId });
    return { queue, entry, address, standing };
  }

  async #urlOf(instance: string, incidentId: string): Promise<string | null> {
    const results = await this.#reader.resultsForIncident(instance, incidentId);
    const linked = results.filter(({ incident }) => incident?.id === incidentId && incident.url !== null);
    return linked.at(-1)?.incident?.url ?? null;
  }

  #setOf({ name }: InstanceQueue): FailedSet {
    return new FailedSet(this.#redis, this.#queues.get(name));
  }
}

function toFound({ queue, entry, address, standing }: Candidate): FoundJob {
  return {
    job: describeFailed(entry, address, standing, queue),
    payload: address.job,
    standing,
    entry: { queue, queueJobId: entry.queueJobId, data: entry.data },
  };
}

function notFailed(jobId: string, { result }: Standing): Failure {
  const said = result.output_message === "" ? "" : `: ${result.output_message}`;
  return new Failure(
    "conflict",
    `job ${JSON.stringify(jobId)} has not failed; it is ${result.status}${said}`,
  );
}

function unknownFailed(jobId: string, caseId: string | null): Failure {
  const where = caseId === null ? "" : ` in case ${JSON.stringify(caseId)}`;
  return new Failure("not_found", `there is no failed job ${JSON.stringify(jobId)}${where}`, {
    hint: "See whether the id and QUEUE_PREFIX are right, and how the job stands: defender-actions results CASE --job ID",
  });
}
