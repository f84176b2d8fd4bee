/** Asks Microsoft's parser about queries before they cost quota, in a thread: its first parse takes more than a second. */
import type { QueryProblem } from "../contract/ports.ts";
import { openThreads } from "../threads.ts";

/** Queries take milliseconds; one that does not is sent unchecked. */
const PATIENCE_MS = 15_000;
/** Loading the parser anew costs a second, so it stays for a while. */
const IDLE_MS = 10 * 60_000;
const HEAP_MB = 512;

export interface Preflight {
  /** Null: the parser failed, or took too long. Never rejects. */
  check(kql: string, signal: AbortSignal): Promise<readonly QueryProblem[] | null>;
  close(): Promise<void>;
}

export function openPreflight(): Preflight {
  const threads = openThreads<string, QueryProblem[]>({
    beside: import.meta.url,
    file: "parser",
    name: "diagnose",
    most: 1,
    idleMs: IDLE_MS,
    heapMb: HEAP_MB,
  });
  return {
    async check(kql, signal) {
      try {
        return await threads.run(kql, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
      } catch {
        return null;
      }
    },
    close: () => threads.close(),
  };
}
