/** Waits for changes of results: one subscriber connection for all who wait, and a read after every announcement. */
import type { RedisClient } from "../redis-script.ts";
import { caseKeys } from "./keys.ts";

/** Wakes those who wait for a case. It carries no data: whoever is woken reads, so a lost message loses nothing. */
export class ChangeWatch {
  readonly #subscriber: RedisClient;
  readonly #prefix: string;
  readonly #waiting = new Map<string, Set<() => void>>();

  /** `subscriber` is a connection of its own, and is closed with the watch. */
  constructor(subscriber: RedisClient, prefix: string) {
    this.#subscriber = subscriber;
    this.#prefix = prefix;
    subscriber.on("message", (channel: string) => this.#wake(channel));
    // Announcements of an outage are lost, so everybody looks again after it.
    subscriber.on("ready", () => {
      for (const channel of this.#waiting.keys()) this.#wake(channel);
    });
  }

  /** Watches a case until `stop` is called. `changed` gives a promise of the next change; take it before you read. */
  async watch(caseId: string): Promise<Watching> {
    const channel = caseKeys(this.#prefix, caseId).changes;
    const waiting = this.#waiting.get(channel) ?? new Set();
    const isFirst = !this.#waiting.has(channel);
    this.#waiting.set(channel, waiting);
    let wake = (): void => undefined;
    const listener = (): void => wake();
    waiting.add(listener);
    const stop = async (): Promise<void> => {
      waiting.delete(listener);
      wake();
      if (waiting.size > 0 || this.#waiting.get(channel) !== waiting) return;
      this.#waiting.delete(channel);
      await this.#subscriber.unsubscribe(channel);
    };
    try {
      if (isFirst) await this.#subscriber.subscribe(channel);
    } catch (error) {
      this.#waiting.delete(channel);
      throw error;
    }
    return {
      changed: () =>
        new Promise((resolve) => {
          wake = resolve;
        }),
      stop,
    };
  }

  close(): void {
    this.#subscriber.disconnect();
  }

  #wake(channel: string): void {
    for (const listener of this.#waiting.get(channel) ?? []) listener();
  }
}

export interface Watching {
  changed(): Promise<void>;
  stop(): Promise<void>;
}
