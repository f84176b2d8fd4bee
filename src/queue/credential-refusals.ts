/** Which instances' credentials Entra ID refused, as workers found out: ops, which asks for no token, raises the alarm. */
import type { RedisClient } from "../redis-script.ts";

export interface CredentialRefusal {
  instance: string;
  atMs: number;
}

export class CredentialRefusals {
  readonly #redis: RedisClient;
  readonly #key: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#key = `${prefix}:credential-refusals`;
  }

  /** By this machine's clock. */
  async note(instance: string): Promise<void> {
    await this.#redis.hset(this.#key, instance, String(Date.now()));
  }

  /** A token was granted. */
  async clear(instance: string): Promise<void> {
    await this.#redis.hdel(this.#key, instance);
  }

  /** The latest refusal of each instance that was granted no token since. */
  async list(): Promise<CredentialRefusal[]> {
    const refusals = Object.entries(await this.#redis.hgetall(this.#key));
    return refusals.map(([instance, at]) => ({ instance, atMs: Number(at) }));
  }
}
