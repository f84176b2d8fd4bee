/** A job that failed for good, as it is shown: what BullMQ keeps of it, joined with its record, which decides. */
import { catalog, findAction } from "../actions/catalog.ts";
import type { Note } from "../contract/define-action.ts";
import { FAILURE_CODES, type FailureCode, failureCodeSchema } from "../contract/failure.ts";
import { type Job, jobSchema, type Priority } from "../contract/job.ts";
import type { Result } from "../contract/result.ts";
import type { Standing } from "../results/reader.ts";
import type { QueueEntry } from "./failed-set.ts";
import { readForeign } from "./foreign.ts";
import type { InstanceQueue } from "./instance-queues.ts";

export interface FailedJob {
  jobId: string;
  /** Null for a foreign payload that names none. */
  caseId: string | null;
  action: string;
  instance: string;
  priority: Priority;
  requestedBy: string | null;
  /** That it was to write to; null for a read, and when its arguments are not known. */
  incidentId: string | null;
  code: FailureCode;
  message: string;
  /** Whether the same request may succeed later without a change to it. */
  retryable: boolean;
  failedAt: string;
  /** Null for a foreign payload that does not say it. */
  enqueuedAt: string | null;
  /** False when the result has expired: whether the job ran again since cannot be told any more. */
  hasResult: boolean;
  /** False when the payload is not a job of ours, or gone: then it cannot be asked for again. */
  hasArguments: boolean;
}

/** What is known of a write whose outcome is not. */
export interface Evidence {
  sentAt: string;
  /** What the action noted before it sent. */
  sent: Note;
  /** The mark at the end of the comment; null for other writes. */
  mark: string | null;
  incidentId: string | null;
  /** Null when no result of the incident holds its link. */
  incidentUrl: string | null;
}

/** All that is known of a failed job. */
export interface FailedJobDetails extends FailedJob {
  /** The arguments as they were enqueued; the whole payload when it is not a job of ours. */
  input: unknown;
  evidence: Evidence | null;
  /** Null when it has expired. */
  result: Result | null;
}

/** What a payload says of itself. */
export interface Address {
  /** By which it is found on the queue. */
  jobId: string;
  /** By which its result is found. */
  recordId: string;
  caseId: string | null;
  generation: number;
  requestedBy: string | null;
  enqueuedAt: string | null;
  /** Null when the payload is not a job of ours. */
  job: Job | null;
}

/** Never throws: whatever lies on the queue has at least BullMQ's id. */
export function addressOf({ data, name, queueJobId }: QueueEntry): Address {
  const parsed = jobSchema.safeParse(data);
  const isOurs = parsed.success && parsed.data.action === name && Object.hasOwn(catalog, name);
  const said = readForeign(data);
  const recordId = said.job_id ?? queueJobId;
  const isGeneration = /^-\d+$/.test(queueJobId.slice(recordId.length)) && queueJobId.startsWith(recordId);
  return {
    jobId: isGeneration ? recordId : queueJobId,
    recordId,
    caseId: said.case_id,
    generation: said.generation,
    requestedBy: said.requested_by,
    enqueuedAt: said.enqueued_at,
    job: isOurs ? parsed.data : null,
  };
}

/** Whether a job that BullMQ has as failed is so still: not asked for again since, and not settled. */
export function isDead({ generation }: Address, standing: Standing | null): boolean {
  if (standing === null) return true;
  // One that is not final was given up by BullMQ, whose word is then the last.
  return standing.generation <= generation && standing.result.status !== "completed";
}

export function describeFailed(
  entry: QueueEntry,
  address: Address,
  standing: Standing | null,
  { instance, priority }: Pick<InstanceQueue, "instance" | "priority">,
): FailedJob {
  const { jobId, caseId, requestedBy, enqueuedAt, job } = address;
  const error = standing?.result.error ?? readReason(entry.reason);
  return {
    jobId,
    caseId,
    action: entry.name,
    instance,
    priority,
    requestedBy,
    incidentId: requestedIncident(job),
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    failedAt: new Date(entry.failedAtMs ?? 0).toISOString(),
    enqueuedAt,
    hasResult: standing !== null,
    hasArguments: job !== null,
  };
}

/** The same when BullMQ does not keep the job any more. */
export function describeRecord({ result, priority }: Standing): FailedJob {
  const { code, message, retryable } = result.error ?? readReason("");
  return {
    jobId: result.job_id,
    caseId: result.case_id,
    action: result.action,
    instance: result.instance,
    priority,
    requestedBy: result.requested_by,
    incidentId: null,
    code,
    message,
    retryable,
    failedAt: result.finished_at ?? result.expires_at,
    enqueuedAt: result.enqueued_at,
    hasResult: true,
    hasArguments: false,
  };
}

/** What a worker of ours, or BullMQ itself, has told of a failure. */
function readReason(reason: string): { code: FailureCode; message: string; retryable: boolean } {
  const [, word, rest] = /^(\w+): (.*)$/s.exec(reason) ?? [];
  const parsed = failureCodeSchema.safeParse(word);
  const code = parsed.success ? parsed.data : "internal_error";
  const message = (parsed.success ? rest : reason) || "no reason is known";
  return { code, message, retryable: FAILURE_CODES[code].retryable };
}

/** The incident that a job writes to; null for a read, and for arguments that are not valid. */
export function requestedIncident(job: Job | null): string | null {
  if (job === null) return null;
  const action = findAction(job.action);
  if (action.effect !== "write") return null;
  const input = action.input.safeParse(job.input);
  return input.success ? action.incidentOf(input.data) : null;
}
