/** Looks for alerts, and tells of each once and of its end, however many ops servers there are. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Log } from "../log.ts";
import { defineScript, type RedisClient } from "../redis-script.ts";
import { type Alert, findTroubles, REDIS_AWAY, REDIS_REFUSES, type Trouble } from "./alert.ts";
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
const LOOKS_UNTIL_TOLD = 2;
/** Longer than a delivery may take: the next server tells what one left undone that died. */
const TURN_MS = 60_000;
/** What nobody has looked at for so long may have stopped and begun again. */
const FORGET_MS = 5 * 60_000;

const toldSchema = z.object({ severity: z.enum(["critical", "warning"]), text: z.string() });

const leave = defineScript(
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0",
);

export class Alerter {
  readonly #options: AlerterOptions;
  /** For all servers: alerts that were told, by key; since when there is what may become one; and whose turn it is. */
  readonly #keys: { told: string; since: string; turn: string };
  readonly #name = randomUUID();
  #failedLooks = 0;
  /** What Redis itself suffers from, and was told: without it servers cannot agree, so every one tells. */
  #redisAlert: Alert | null = null;
  #isHeard = true;

  constructor(options: AlerterOptions) {
    this.#options = options;
    const base = `${options.prefix}:ops:alerts`;
    this.#keys = { told: `${base}:told`, since: `${base}:since`, turn: `${base}:turn` };
  }

  /** False while an alert could not be delivered. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  /** Never rejects. */
  async look(): Promise<void> {
    const found = await this.#lookInRedis();
    this.#failedLooks = found === null ? 0 : this.#failedLooks + 1;
    const told = this.#redisAlert;
    if (told !== null && told.key !== found?.key && (await this.#deliver({ ...told, state: "recovered" })))
      this.#redisAlert = null;
    const isDue = this.#failedLooks >= LOOKS_UNTIL_TOLD && this.#redisAlert === null;
    if (found !== null && isDue && (await this.#deliver({ ...found, state: "firing" })))
      this.#redisAlert = found;
  }

  /** What keeps Redis from being asked; null for nothing. */
  async #lookInRedis(): Promise<Alert | null> {
    const { redis, read, log } = this.#options;
    let situation: Situation | null = null;
    try {
      situation = await read();
      if ((await redis.set(this.#keys.turn, this.#name, "PX", TURN_MS, "NX")) !== null)
        await this.#settle(situation).finally(() => leave(redis, [this.#keys.turn], [this.#name]));
      return null;
    } catch (error) {
      log.warn({ event: "alerts.look_failed", err: error }, "alerts could not be looked for");
      return situation === null ? REDIS_AWAY : REDIS_REFUSES;
    }
  }

  async #settle(situation: Situation): Promise<void> {
    const { redis } = this.#options;
    const troubles = findTroubles(situation);
    const [due, told] = await Promise.all([
      this.#dueOf(troubles, situation.nowMs),
      redis.hgetall(this.#keys.told),
    ]);
    const begin = due.filter(({ key }) => !(key in told));
    const end = Object.entries(told).filter(([key]) => !troubles.some((trouble) => trouble.key === key));
    await Promise.all([
      ...begin.map(async ({ key, severity, text }) => {
        if (await this.#deliver({ key, severity, text, state: "firing" }))
          await redis.hset(this.#keys.told, key, JSON.stringify({ severity, text }));
      }),
      ...end.map(async ([key, text]) => {
        const alert = toldSchema.parse(JSON.parse(text));
        if (await this.#deliver({ key, ...alert, state: "recovered" }))
          await redis.hdel(this.#keys.told, key);
      }),
    ]);
  }

  /** Those that have lasted for long enough. */
  async #dueOf(troubles: readonly Trouble[], nowMs: number): Promise<Trouble[]> {
    const { redis } = this.#options;
    const { since: sinceKey } = this.#keys;
    const known = await redis.hgetall(sinceKey);
    const sinceOf = ({ key }: Trouble): number => Number(known[key] ?? nowMs);
    const waiting = troubles.filter(({ patienceMs }) => patienceMs > 0);
    const over = Object.keys(known).filter((key) => !waiting.some((trouble) => trouble.key === key));
    if (over.length > 0) await redis.hdel(sinceKey, ...over);
    if (waiting.length > 0) {
      const times = waiting.map((trouble): [string, number] => [trouble.key, sinceOf(trouble)]);
      await redis.hset(sinceKey, Object.fromEntries(times));
      await redis.pexpire(sinceKey, FORGET_MS);
    }
    return troubles.filter((trouble) => nowMs - sinceOf(trouble) >= trouble.patienceMs);
  }

  async #deliver(notice: Notice): Promise<boolean> {
    const { log, tell } = this.#options;
    const { key, state, severity, text } = notice;
    log.warn({ event: `alert.${state}`, key, severity }, text);
    try {
      await tell(notice);
      this.#isHeard = true;
      return true;
    } catch (error) {
      log.error({ event: "alert.undelivered", key, err: error }, "an alert could not be delivered");
      this.#isHeard = false;
      return false;
    }
  }
}
