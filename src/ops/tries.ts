/** Slows down whoever guesses passwords: the more wrong tries, the longer until the next is looked at, on all ops servers. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { defineScript, REDIS_TIME, type RedisClient } from "../redis-script.ts";

/** Wrong tries are forgotten so long after the last one. */
const FORGET_MS = 15 * 60_000;
const LONGEST_WAIT_MS = 60_000;
/** Tries without a wait: people mistype, and many people may share one address. */
const FREE = { name: 4, address: 30 };

/** Counts a try before it is looked at, so that many at once do not slip through; or says how long to wait. */
const take = defineScript(`${REDIS_TIME}
local tries = tonumber(redis.call('HGET', KEYS[1], 'tries') or '0')
local next = tonumber(redis.call('HGET', KEYS[1], 'next') or '0')
if next > now then return next - now end
tries = tries + 1
local over = tries - tonumber(ARGV[1])
local wait = over <= 0 and 0 or math.min(tonumber(ARGV[2]), 1000 * 2 ^ math.min(over - 1, 20))
redis.call('HSET', KEYS[1], 'tries', tries, 'next', now + wait)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 0
`);

export interface Guess {
  name: string;
  address: string;
}

export class Tries {
  readonly #redis: RedisClient;
  readonly #prefix: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** Milliseconds until this guess may be made; 0: it counts, and may be made now. Rejects when Redis is away. */
  async take({ name, address }: Guess): Promise<number> {
    const addressMs = await this.#takeOne("address", address);
    return addressMs > 0 ? addressMs : await this.#takeOne("name", name);
  }

  /** The guess was right: the name starts anew. */
  async forgive({ name }: Guess): Promise<void> {
    await this.#redis.del(this.#key("name", name));
  }

  async #takeOne(kind: keyof typeof FREE, text: string): Promise<number> {
    const args = [FREE[kind], LONGEST_WAIT_MS, FORGET_MS];
    return z.coerce.number().parse(await take(this.#redis, [this.#key(kind, text)], args));
  }

  /** Hashed: a name may be any text, and what is typed as a name is sometimes the password. */
  #key(kind: string, text: string): string {
    const hash = createHash("sha256").update(text).digest("hex").slice(0, 20);
    return `${this.#prefix}:ops:tries:${kind}:${hash}`;
  }
}
