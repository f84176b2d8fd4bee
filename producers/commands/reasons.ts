/** Failed jobs counted by what they failed of. */
import type { FailedJob } from "../client.ts";

export interface Reason {
  code: string;
  action: string;
  count: number;
  /** The first that was added. */
  newest: FailedJob;
}

export class Reasons {
  readonly #reasons = new Map<string, Reason>();
  total = 0;

  /** To be given the jobs newest first. */
  add(job: FailedJob): void {
    const { code, action } = job;
    const key = JSON.stringify([code, action]);
    const known = this.#reasons.get(key);
    if (known === undefined) this.#reasons.set(key, { code, action, count: 1, newest: job });
    else known.count += 1;
    this.total += 1;
  }

  /** The most frequent first. */
  list(): Reason[] {
    return [...this.#reasons.values()].sort((left, right) => right.count - left.count);
  }
}
