/** How much memory the rows of all queries may take, and a word in the log when that is reached. */
import type { WorkerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { readMemory } from "../queue/memory.ts";
import type { RedisClient } from "../redis-script.ts";
import type { RowMemory } from "../results/row-sets.ts";

/** What Redis may take is read once, at the start. */
export async function rowMemoryOf(
  { resultMemory }: Pick<WorkerConfig, "resultMemory">,
  redis: RedisClient,
  log: Log,
): Promise<RowMemory> {
  const bytes = resultMemory ?? Math.floor((await readMemory(redis)).max / 2);
  return {
    bytes: bytes === 0 ? null : bytes,
    onExpired: (rowSets) =>
      log.warn(
        { event: "rows.expired", row_sets: rowSets },
        "RESULT_MEMORY reached: the oldest rows are gone",
      ),
  };
}
