/** Appends to the audit trail. Nothing takes an entry out again but its age, and the length of the whole. */
import { defineScript, REDIS_TIME, type RedisClient } from "../redis-script.ts";
import { type AuditDraft, trailKey, writeEntry } from "./entry.ts";

/** About 400 MB of Redis: an entry of a bulk run takes 411 bytes, as measured. */
export const LONGEST_TRAIL = 1_000_000;

const trim = defineScript(`${REDIS_TIME}
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', now - ARGV[1]))
return redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[2])
`);

export interface TrailOptions {
  redis: RedisClient;
  prefix: string;
  /** Told of every entry that could not be written. */
  onLost(error: unknown): void;
}

export class Trail {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #onLost: (error: unknown) => void;
  readonly #pending = new Set<Promise<void>>();

  constructor({ redis, prefix, onLost }: TrailOptions) {
    this.#redis = redis;
    this.#key = trailKey(prefix);
    this.#onLost = onLost;
  }

  /** Resolves once Redis has it. Rejects when it has not: then what was to be taken down must not be done. */
  async append(entry: AuditDraft): Promise<void> {
    try {
      await this.#redis.xadd(this.#key, "*", "entry", writeEntry(entry));
    } catch (error) {
      this.#onLost(error);
      throw error;
    }
  }

  /** For what is done already. Never rejects, and need not be waited for before `flush`. */
  note(entry: AuditDraft): Promise<void> {
    const noted = this.append(entry)
      .catch(() => undefined)
      .finally(() => this.#pending.delete(noted));
    this.#pending.add(noted);
    return noted;
  }

  /** Before the connection is closed. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Drops what is older, and the oldest beyond `LONGEST_TRAIL`; up to a hundred more may stay. */
  async trim(keepMs: number): Promise<void> {
    await trim(this.#redis, [this.#key], [keepMs, LONGEST_TRAIL]);
  }
}
