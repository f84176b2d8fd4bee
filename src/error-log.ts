/** Logs errors of connections: the first at once, its repeats as a number, for an outage of Redis makes hundreds in a second. */
import type { Log } from "./log.ts";

/** The same error is logged once in this time. */
const QUIET_MS = 10_000;

export interface ErrorFields {
  event: string;
  queue?: string;
  lane?: string;
  instance?: string;
  err?: Error;
}

interface Seen {
  atMs: number;
  repeats: number;
}

export class ErrorLog {
  readonly #log: Log;
  readonly #nowMs: () => number;
  readonly #seen = new Map<string, Seen>();

  constructor(log: Log, nowMs: () => number = () => performance.now()) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** The same is the same event with the same error, or text. `repeats`: how often it came unlogged since it was logged last. */
  warn(fields: ErrorFields, text: string): void {
    const key = `${fields.event} ${fields.err?.message ?? text}`;
    const nowMs = this.#nowMs();
    const seen = this.#seen.get(key);
    if (seen !== undefined && nowMs - seen.atMs < QUIET_MS) {
      seen.repeats += 1;
      return;
    }
    // Texts that hold a job's id are seen once each: they must not pile up.
    for (const [other, { atMs }] of this.#seen) if (nowMs - atMs >= QUIET_MS) this.#seen.delete(other);
    this.#seen.set(key, { atMs: nowMs, repeats: 0 });
    this.#log.warn({ ...fields, ...(seen === undefined ? {} : { repeats: seen.repeats }) }, text);
  }
}
