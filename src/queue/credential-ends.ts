/** When the credential of each instance ends, as workers know it: ops, which holds none, raises the alarm before. */
import type { RedisClient } from "../redis-script.ts";

export interface CredentialEnd {
  instance: string;
  atMs: number;
}

export class CredentialEnds {
  readonly #redis: RedisClient;
  readonly #key: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#key = `${prefix}:credential-ends`;
  }

  /** `atMs` is null for a credential without a known end. */
  async publish(instance: string, atMs: number | null): Promise<void> {
    if (atMs === null) await this.#redis.hdel(this.#key, instance);
    else await this.#redis.hset(this.#key, instance, String(atMs));
  }

  async list(): Promise<CredentialEnd[]> {
    const ends = Object.entries(await this.#redis.hgetall(this.#key));
    return ends.map(([instance, at]) => ({ instance, atMs: Number(at) }));
  }
}
