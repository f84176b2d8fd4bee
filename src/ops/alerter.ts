/** Looks for alerts, and tells of each once and of its end, however many ops servers there are. */
import type { Log } from "../log.ts";
import type { RedisClient } from "../redis-script.ts";
import { type Alert, findAlerts, REDIS_AWAY } from "./alert.ts";
import type { Situation } from "./situation.ts";
import type { Notice } from "./webhook.ts";

export interface AlerterOptions {
  redis: RedisClient;
  prefix: string;
  log: Log;
  /** Rejects, or takes long, when Redis is away. */
  read(): Promise<Situation>;
  /** Rejects when it could not be delivered: it is tried again at the next look. */
  tell(notice: Notice): Promise<void>;
}

/** One look that fails may be a restart of Redis. */
const LOOKS_UNTIL_AWAY = 2;

export class Alerter {
  readonly #options: AlerterOptions;
  /** Told alerts by key, with their text, for all servers. */
  readonly #key: string;
  readonly #heldSince = new Map<string, number>();
  #failedLooks = 0;
  #toldAway = false;

  constructor(options: AlerterOptions) {
    this.#options = options;
    this.#key = `${options.prefix}:ops:alerts`;
  }

  /** Never rejects. */
  async look(nowMs = Date.now()): Promise<void> {
    const { log, read } = this.#options;
    try {
      const situation = await read();
      this.#failedLooks = 0;
      if (this.#toldAway) this.#toldAway = !(await this.#deliver({ ...REDIS_AWAY, state: "recovered" }));
      await this.#settle(findAlerts(situation, this.#holds(situation, nowMs)));
    } catch (error) {
      this.#failedLooks += 1;
      log.warn({ event: "alerts.look_failed", err: error }, "alerts could not be looked for");
      // Every server tells, for without Redis they cannot agree.
      if (this.#failedLooks >= LOOKS_UNTIL_AWAY && !this.#toldAway)
        this.#toldAway = await this.#deliver({ ...REDIS_AWAY, state: "firing" });
    }
  }

  #holds({ figures }: Situation, nowMs: number): Map<string, number> {
    const holds = new Map<string, number>();
    for (const { queue, heldMs } of figures) {
      if (heldMs === 0) this.#heldSince.delete(queue.name);
      else holds.set(queue.name, nowMs - (this.#heldSince.get(queue.name) ?? nowMs));
      if (heldMs > 0 && !this.#heldSince.has(queue.name)) this.#heldSince.set(queue.name, nowMs);
    }
    return holds;
  }

  async #settle(alerts: readonly Alert[]): Promise<void> {
    const { redis } = this.#options;
    const told = await redis.hgetall(this.#key);
    for (const alert of alerts) {
      // Whoever sets it first tells.
      if (alert.key in told || (await redis.hsetnx(this.#key, alert.key, alert.text)) === 0) continue;
      if (!(await this.#deliver({ ...alert, state: "firing" }))) await redis.hdel(this.#key, alert.key);
    }
    for (const [key, text] of Object.entries(told)) {
      if (alerts.some((alert) => alert.key === key) || (await redis.hdel(this.#key, key)) === 0) continue;
      const isDelivered = await this.#deliver({ key, text, severity: "warning", state: "recovered" });
      if (!isDelivered) await redis.hsetnx(this.#key, key, text);
    }
  }

  async #deliver(notice: Notice): Promise<boolean> {
    const { log, tell } = this.#options;
    const { key, state, severity, text } = notice;
    log.warn({ event: `alert.${state}`, key, severity }, text);
    try {
      await tell(notice);
      return true;
    } catch (error) {
      log.error({ event: "alert.undelivered", key, err: error }, "an alert could not be delivered");
      return false;
    }
  }
}
