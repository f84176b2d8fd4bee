/** Bull Board over all queues: jobs without their arguments, and a retry that asks for the job anew. */
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import type { Queue, Job as QueueJob } from "bullmq";
import type { FastifyPluginCallback } from "fastify";
import { Failure } from "../contract/failure.ts";
import { jobSchema } from "../contract/job.ts";
import { type AskedAgain, askedMeanwhile, type Enqueuer, unsettled } from "../queue/enqueue.ts";
import type { InstanceQueue } from "../queue/instance-queues.ts";
import { runsQueueName } from "../queue/names.ts";
import type { Queues } from "../queue/queues.ts";
import type { ResultReader } from "../results/reader.ts";
import { link } from "./paging.ts";
import { recordOf, showData, showReason } from "./shown-job.ts";
import type { ShownQueue } from "./shown-queues.ts";

export interface BoardOptions {
  queues: Queues;
  enqueuer: Pick<Enqueuer, "again">;
  reader: Pick<ResultReader, "standing">;
  /** Why a queue stands still, as a person said it; null when it does not. */
  pausedBy(queue: InstanceQueue): string | null;
  /** Whether whoever asks right now may write: the board then shows its buttons. */
  mayWrite(): boolean;
}

export interface Board {
  /** To be registered under `/queues`. */
  plugin: FastifyPluginCallback;
  show(queues: readonly ShownQueue[]): void;
}

export function createBoard(options: BoardOptions): Board {
  const server = new FastifyAdapter().setBasePath("/queues");
  const board = createBullBoard({
    queues: [],
    serverAdapter: server,
    options: {
      uiConfig: {
        boardTitle: "Defender actions",
        hideDocsLink: true,
        miscLinks: [
          { text: "Cases", url: "/cases" },
          { text: "Bulk runs", url: "/runs" },
        ],
      },
    },
  });
  const known = new Set<string>();
  return {
    plugin: server.registerPlugin(),
    show(queues) {
      const add = (name: string, make: () => BullMQAdapter): void => {
        if (known.has(name)) return;
        known.add(name);
        board.addQueue(make());
      };
      for (const queue of queues) add(queue.name, () => new BoardQueue(queue, options));
      for (const { instance } of queues.filter(({ lane }) => lane === "ping")) {
        const name = runsQueueName(instance);
        const ofRuns = { name, instance, lane: "incidents", priority: "bulk" } as const;
        add(name, () => new TicketQueue(options.queues.get(name), () => options.pausedBy(ofRuns)));
      }
    },
  };
}

/** Without a ticket a run stands still until a worker notices, and one that is moved upsets the turns: they are only looked at. */
class TicketQueue extends BullMQAdapter {
  readonly #pausedBy: () => string | null;

  constructor(queue: Queue, pausedBy: () => string | null) {
    super(queue, { readOnlyMode: true });
    this.#pausedBy = pausedBy;
  }

  override getDescription(): string {
    return `${pauseText(this.#pausedBy())}Tickets by which workers work on bulk runs. The runs themselves: /runs`;
  }

  override async getJob(id: string): Promise<QueueJob | undefined> {
    const job = await super.getJob(id);
    return job && showTicket(job);
  }

  override async getJobs(...range: Parameters<BullMQAdapter["getJobs"]>): Promise<QueueJob[]> {
    return (await super.getJobs(...range)).map(showTicket);
  }
}

function pauseText(paused: string | null): string {
  return paused === null ? "" : `PAUSED ${paused}. `;
}

/** The job is the board's own copy, which it never writes back. */
function showJob(job: QueueJob, reason: string): QueueJob {
  job.data = showData(job.data);
  job.returnvalue = job.returnvalue && showData(job.returnvalue);
  job.failedReason = reason;
  job.stacktrace = [];
  return job;
}

function showTicket(job: QueueJob): QueueJob {
  return showJob(job, job.failedReason ? showReason(job.failedReason) : "");
}

/** Where all is told of a job. */
function pageOf(data: unknown): string {
  const record = recordOf(data);
  return record === null ? "/cases" : link("/cases/job", { case_id: record.caseId, job_id: record.jobId });
}

class BoardQueue extends BullMQAdapter {
  /** The result is known: nothing would run. */
  override readonly allowCompletedRetries = false;
  readonly #enqueuer: BoardOptions["enqueuer"];
  readonly #reader: BoardOptions["reader"];
  readonly #describe: () => string;
  readonly #isWebhook: boolean;

  constructor(queue: ShownQueue, { queues, enqueuer, reader, mayWrite, pausedBy }: BoardOptions) {
    super(queues.get(queue.name), {
      externalJobUrl: ({ data }) => ({ displayText: "All about it", href: pageOf(data) }),
    });
    this.#enqueuer = enqueuer;
    this.#reader = reader;
    this.#describe = () => {
      const { lane } = queue;
      if (lane === "webhook") return "What is told to the webhook. A retry sends it once more";
      return `${pauseText(pausedBy({ ...queue, lane }))}${lane}, ${queue.priority}`;
    };
    this.#isWebhook = queue.lane === "webhook";
    // Bull Board knows one mode for all who look.
    Object.defineProperty(this, "readOnlyMode", { get: () => !mayWrite() });
  }

  override getDescription(): string {
    return this.#describe();
  }

  override async getJob(id: string): Promise<QueueJob | undefined> {
    const job = await super.getJob(id);
    return job && (await this.#show(job, (error) => Promise.reject(error)));
  }

  override async getJobs(...range: Parameters<BullMQAdapter["getJobs"]>): Promise<QueueJob[]> {
    const jobs = await super.getJobs(...range);
    // When all are retried, one that has to be settled first does not stop the others.
    return await Promise.all(jobs.map((job) => this.#show(job, async () => {})));
  }

  async #show(job: QueueJob, onRefused: (refusal: Error) => Promise<void>): Promise<QueueJob> {
    const { data, failedReason } = job;
    const retry = job.retry.bind(job);
    job.retry = async (state) => {
      try {
        // The result of a failed job is final: moved back as it is, it would only find that it is over.
        const asked = await this.#askAgain(data, failedReason);
        if (asked === "not failed") return await retry(state);
        await job.remove();
        if (asked === "before") throw askedMeanwhile(job.id ?? "");
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        await onRefused(Object.assign(error, { statusCode: 409 }));
      }
    };
    return showJob(job, failedReason ? await this.#showReason(failedReason, data) : "");
  }

  async #showReason(reason: string, data: unknown): Promise<string> {
    // Of the webhook's it is a sentence of ours, and no argument is in it.
    if (this.#isWebhook) return reason;
    const record = recordOf(data);
    const standing = record && (await this.#reader.standing(record));
    return showReason(reason, standing?.result.error);
  }

  async #askAgain(data: unknown, failedReason: string | undefined): Promise<AskedAgain> {
    const parsed = jobSchema.safeParse(data);
    if (!parsed.success) return "not failed";
    // The record refuses this by itself, but it may have expired.
    if (failedReason?.startsWith("outcome_unknown:")) throw unsettled(parsed.data.job_id);
    return await this.#enqueuer.again(parsed.data);
  }
}
