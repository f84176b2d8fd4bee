/** Asks Microsoft's parser about queries before they cost quota, in a thread: its first parse takes more than a second. */
import type { QueryProblem } from "../contract/ports.ts";
import { openThreads } from "../threads.ts";

/** Queries take milliseconds; one that does not is sent unchecked. */
const PATIENCE_MS = 15_000;
/** Loading the parser anew costs a second, so it stays for a while. */
const IDLE_MS = 10 * 60_000;
const HEAP_MB = 512;
const SOME_QUERY =
  'union AlertInfo, (DeviceEvents | where Timestamp > ago(1d)) | where Title has "a" | take 1';

export interface Preflight {
  /** Null: the parser failed, or took too long. Never rejects. */
  check(kql: string, signal: AbortSignal): Promise<readonly QueryProblem[] | null>;
  close(): Promise<void>;
}

/** Loads the parser after `warmUpMs`, so that the first query need not wait for it; absent: with the first query. */
export function openPreflight(warmUpMs?: number): Preflight {
  const threads = openThreads<string, QueryProblem[]>({
    beside: import.meta.url,
    file: "parser",
    name: "diagnose",
    most: 1,
    idleMs: IDLE_MS,
    heapMb: HEAP_MB,
  });
  const check: Preflight["check"] = async (kql, signal) => {
    try {
      return await threads.run(kql, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
    } catch {
      return null;
    }
  };
  const { signal } = new AbortController();
  const warmUp = warmUpMs === undefined ? undefined : setTimeout(check, warmUpMs, SOME_QUERY, signal).unref();
  return {
    check,
    async close() {
      clearTimeout(warmUp);
      await threads.close();
    },
  };
}
