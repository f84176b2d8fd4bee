/** Takes what callers want written: checks, passes it on, and leaves a line in the log and an entry in the audit trail. */
import { Witness } from "../../src/audit/witness.ts";
import { toFailure } from "../../src/contract/failure.ts";
import { reach } from "../../src/fault-point.ts";
import type { Cancellation } from "../../src/queue/cancel.ts";
import type { Enqueued } from "../../src/queue/enqueue.ts";
import type { JobRequest } from "../../src/queue/request.ts";
import { isRedisAway } from "../../src/queue/unreachable.ts";
import type { JobRef } from "../../src/results/keys.ts";
import { aboutRequest, describeCancellation, describeJob } from "../asked.ts";
import type { Audit, AuditEntry } from "./audit.ts";
import type { Caller } from "./caller.ts";
import type { Pipe } from "./pipe.ts";

export class Desk {
  readonly #pipe: Pipe;
  readonly #audit: Audit;
  readonly #via: AuditEntry["via"];

  constructor(pipe: Pipe, audit: Audit, via: AuditEntry["via"]) {
    this.#pipe = pipe;
    this.#audit = audit;
    this.#via = via;
  }

  async enqueue(caller: Caller, request: JobRequest): Promise<Enqueued> {
    try {
      const job = await this.#witness(caller).see(
        aboutRequest(request),
        () => this.#pipe.enqueue(caller, request),
        describeJob,
      );
      reach("after-accept");
      this.#say(caller, { verb: "enqueue", outcome: "accepted", ...asked(request), ...accepted(job) });
      return job;
    } catch (error) {
      this.#say(caller, { verb: "enqueue", outcome: codeOf(error), ...asked(request) });
      throw error;
    }
  }

  async enqueueMany(caller: Caller, requests: readonly JobRequest[]): Promise<Enqueued[]> {
    try {
      const jobs = await this.#witness(caller).seeAll(
        requests.map(aboutRequest),
        () => this.#pipe.enqueueMany(caller, requests),
        describeJob,
      );
      for (const [index, job] of jobs.entries()) {
        const request = requests[index];
        if (request === undefined) continue;
        this.#say(caller, { verb: "enqueue", outcome: "accepted", ...asked(request), ...accepted(job) });
      }
      return jobs;
    } catch (error) {
      for (const request of requests)
        this.#say(caller, { verb: "enqueue", outcome: codeOf(error), ...asked(request) });
      throw error;
    }
  }

  async cancel(caller: Caller, job: JobRef): Promise<Cancellation> {
    const about = { verb: "cancel", case_id: job.caseId, job_id: job.jobId } as const;
    try {
      const answer = await this.#witness(caller).see(
        about,
        () => this.#pipe.cancel(caller, job),
        describeCancellation,
      );
      this.#say(caller, { ...about, outcome: answer.cancelled ? "accepted" : "too_late" });
      return answer;
    } catch (error) {
      this.#say(caller, { ...about, outcome: codeOf(error) });
      throw error;
    }
  }

  #witness({ name }: Caller): Witness {
    return new Witness(this.#pipe.trail, { via: this.#via, caller: name });
  }

  #say({ name }: Caller, entry: Omit<AuditEntry, "caller" | "via">): void {
    this.#audit({ caller: name, via: this.#via, ...entry });
  }
}

function asked({ action, options }: JobRequest) {
  return { action, instance: options?.instance ?? "default", requested_by: options?.requestedBy };
}

function accepted({ jobId, caseId, deduplicated }: Enqueued) {
  return { case_id: caseId, job_id: jobId, deduplicated };
}

function codeOf(error: unknown): string {
  return isRedisAway(error) ? "redis_away" : toFailure(error).code;
}
