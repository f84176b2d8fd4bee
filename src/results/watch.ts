/** Waits for changes of results: one subscriber connection for all who wait, and a read after every announcement. */
import type { RedisClient } from "../redis-script.ts";
import { caseKeys } from "./keys.ts";

interface Listener {
  /** Null: all jobs of the case. */
  jobId: string | null;
  wake(): void;
}

interface Channel {
  listeners: Set<Listener>;
  /** Settles once announcements arrive. */
  subscribed: Promise<unknown>;
}

/** Wakes those who wait for a case, or for one job of it. Whoever is woken reads, so a lost message loses nothing. */
export class ChangeWatch {
  readonly #subscriber: RedisClient;
  readonly #prefix: string;
  readonly #channels = new Map<string, Channel>();

  /** `subscriber` is a connection of its own, and is closed with the watch. */
  constructor(subscriber: RedisClient, prefix: string) {
    this.#subscriber = subscriber;
    this.#prefix = prefix;
    subscriber.on("message", (name: string, jobId: string) => this.#wake(name, jobId));
    subscriber.on("ready", () => {
      for (const name of this.#channels.keys()) this.#lookAgain(name);
    });
  }

  /** Watches a case, or one job, until `stop`. `changed` gives a promise of the next change; take it before you read. */
  async watch(caseId: string, jobId: string | null = null): Promise<Watching> {
    const name = caseKeys(this.#prefix, caseId).changes;
    const channel = this.#channels.get(name) ?? {
      listeners: new Set(),
      subscribed: this.#subscriber.subscribe(name),
    };
    this.#channels.set(name, channel);
    let wake = (): void => undefined;
    const listener = { jobId, wake: () => wake() };
    channel.listeners.add(listener);
    const stop = async (): Promise<void> => {
      channel.listeners.delete(listener);
      wake();
      if (channel.listeners.size > 0 || this.#channels.get(name) !== channel) return;
      this.#channels.delete(name);
      // Not waited for: the connection may be dead, and what was waited for is known.
      this.#subscriber.unsubscribe(name).catch(() => undefined);
    };
    try {
      // Whoever comes second waits for it too: what is announced before is lost.
      await channel.subscribed;
    } catch (error) {
      if (this.#channels.get(name) === channel) this.#channels.delete(name);
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

  /** Announcements of an outage are lost, so everybody reads again, but only once new ones arrive: hence the reply. */
  #lookAgain(name: string): void {
    this.#subscriber.subscribe(name).then(
      () => this.#wake(name, null),
      () => undefined,
    );
  }

  /** Null: whoever listens, for nobody knows what was missed. */
  #wake(name: string, jobId: string | null): void {
    for (const listener of this.#channels.get(name)?.listeners ?? []) {
      if (jobId === null || listener.jobId === null || listener.jobId === jobId) listener.wake();
    }
  }
}

export interface Watching {
  changed(): Promise<void>;
  stop(): Promise<void>;
}
