/** Keeps writes to one incident in the order they were accepted, over BullMQ's queues. */
import type { Queues } from "../queue/queues.ts";
import { type IncidentRefKey, isSameJob, type QueuedJob, type Turns } from "../queue/turns.ts";
import type { Order } from "./execute.ts";

/** A producer puts the job on the queue right after its turn; one that is not there after this long never will be. */
const GRACE_MS = 5_000;
/** The end of a write wakes the next one, so this is only how long a wait lasts that nobody ends. */
const LONGEST_WAIT_MS = 24 * 3_600_000;

export class IncidentOrder implements Order {
  readonly #turns: Turns;
  readonly #queues: Queues;

  constructor(turns: Turns, queues: Queues) {
    this.#turns = turns;
    this.#queues = queues;
  }

  async waitFor(incident: IncidentRefKey, job: QueuedJob): Promise<{ longestMs: number } | null> {
    const first = await this.#firstAlive(incident);
    if (first === null) {
      // The turns were lost with Redis's memory, or we were passed over: queue up again.
      await this.#turns.accept(incident, job, LONGEST_WAIT_MS, null);
      return await this.waitFor(incident, job);
    }
    if (isSameJob(first.job, job)) return null;
    if (first.graceMs > 0) return { longestMs: first.graceMs };
    await this.#turns.accept(incident, job, LONGEST_WAIT_MS, null);
    return { longestMs: LONGEST_WAIT_MS };
  }

  async leave(incident: IncidentRefKey, job: QueuedJob): Promise<void> {
    await this.#turns.leave(incident, job);
    await this.#wakeFirst(incident);
  }

  /** To be called once the job is parked: its turn may have come in between, when nobody could wake it yet. */
  async afterParking(incident: IncidentRefKey, job: QueuedJob): Promise<void> {
    await this.#turns.noteWaiting(incident, job);
    const first = await this.#firstAlive(incident);
    if (first !== null && isSameJob(first.job, job)) await this.#wake(job);
  }

  /** Repairs lost wake-ups: a first one that was removed on the board, or a worker that died before it woke the next. */
  async sweep(): Promise<void> {
    for (const { job, incident } of await this.#turns.listWaiting()) {
      if ((await this.#queues.stateOf(job)) !== "delayed") {
        await this.#turns.forgetWaiting(job);
        continue;
      }
      const first = await this.#firstAlive(incident);
      if (first === null || isSameJob(first.job, job)) await this.#wake(job);
    }
  }

  async #wakeFirst(incident: IncidentRefKey): Promise<void> {
    const first = await this.#firstAlive(incident);
    if (first !== null) await this.#wake(first.job);
  }

  async #wake(job: QueuedJob): Promise<void> {
    await this.#queues.wake(job);
    await this.#turns.forgetWaiting(job);
  }

  /** The first job that may still run; those that are gone or over are passed over. */
  async #firstAlive(incident: IncidentRefKey): Promise<{ job: QueuedJob; graceMs: number } | null> {
    let first = await this.#turns.first(incident);
    while (first !== null) {
      const state = await this.#queues.stateOf(first.job);
      if (state === "unknown" && first.ageMs < GRACE_MS)
        return { job: first.job, graceMs: GRACE_MS - first.ageMs };
      if (state !== "unknown" && state !== "completed" && state !== "failed")
        return { job: first.job, graceMs: 0 };
      first = await this.#turns.leave(incident, first.job);
    }
    return null;
  }
}
