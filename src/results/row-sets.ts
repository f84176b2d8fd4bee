/** How much memory rows of queries may take, all together: above it the oldest sets go, whole, and their records say so. */
import { z } from "zod";
import type { RedisClient, Script } from "../redis-script.ts";
import { recordKeyOf, rowSetKeys } from "./keys.ts";
import * as scripts from "./row-set-scripts.ts";

const oldestReply = z.tuple([z.coerce.number(), z.string().optional()]);

export interface RowMemory {
  /** Of compressed pages; null: no limit. */
  bytes: number | null;
  /** Hears of sets that went to make room. */
  onExpired?(rowSets: number): void;
}

export class RowSets {
  readonly #redis: RedisClient;
  readonly #keys: readonly string[];
  readonly #memory: RowMemory;

  constructor(redis: RedisClient, prefix: string, memory: RowMemory = { bytes: null }) {
    this.#redis = redis;
    this.#keys = rowSetKeys(prefix);
    this.#memory = memory;
  }

  /** Before the first page is written. False for a set that would take more than all may: it is not to be written. */
  async admit(rowsKey: string, bytes: number, keepMs: number): Promise<boolean> {
    const most = this.#memory.bytes;
    if (most !== null && bytes > most) return false;
    await this.#run(scripts.enter, [rowsKey, bytes, Math.ceil(keepMs)]);
    if (most !== null) await this.#makeRoom(most);
    return true;
  }

  /** Removes what a run wrote whose result was refused. */
  async discard(rowsKey: string): Promise<void> {
    if (await this.#giveUp(rowsKey, false)) await this.forget(rowsKey);
  }

  /** Of rows that are gone. */
  async forget(rowsKey: string): Promise<void> {
    await this.#run(scripts.leave, [rowsKey]);
  }

  /** Of all compressed pages. */
  async bytes(): Promise<number> {
    return (await this.#oldest(0)).bytes;
  }

  async #makeRoom(most: number): Promise<void> {
    /** Those whose writers are still at it. */
    let passed = 0;
    let gone = 0;
    for (;;) {
      const { bytes, rowsKey } = await this.#oldest(passed);
      if (bytes <= most || rowsKey === undefined) break;
      if (await this.#giveUp(rowsKey, true)) {
        await this.forget(rowsKey);
        gone += 1;
      } else passed += 1;
    }
    if (gone > 0) this.#memory.onExpired?.(gone);
  }

  async #oldest(passed: number): Promise<{ bytes: number; rowsKey: string | undefined }> {
    const [bytes, rowsKey] = oldestReply.parse(await this.#run(scripts.oldest, [passed]));
    return { bytes, rowsKey };
  }

  async #giveUp(rowsKey: string, mayBeShown: boolean): Promise<boolean> {
    const keys = [recordKeyOf(rowsKey), rowsKey];
    return (await scripts.giveUp(this.#redis, keys, [mayBeShown ? 1 : 0])) === 1;
  }

  #run(script: Script, args: readonly (string | number)[]): Promise<unknown> {
    return script(this.#redis, this.#keys, args);
  }
}
