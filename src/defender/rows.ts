/** Reads hunting answers: small ones at once, big ones in a thread, so that no job loses its lock to a blocked event loop. */
import type { RowSet } from "../contract/ports.ts";
import { openThreads } from "../threads.ts";
import { parseRows } from "./row-parser.ts";

const INLINE_BYTES = 256 * 1024;
const THREADS = 2;
const THREAD_IDLE_MS = 30_000;
/** An answer at the cap of 64 MiB was measured to raise the whole process to about 600 MB. */
const THREAD_HEAP_MB = 1_024;

export interface RowReader {
  /** Takes the body away from the caller. Throws plain errors: the body is not what it should be, or the thread ran out of memory. */
  read(body: Buffer, signal: AbortSignal): Promise<RowSet>;
  close(): Promise<void>;
}

export function openRowReader(): RowReader {
  const threads = openThreads<Uint8Array, RowSet>({
    beside: import.meta.url,
    file: "row-parser",
    name: parseRows.name,
    most: THREADS,
    idleMs: THREAD_IDLE_MS,
    heapMb: THREAD_HEAP_MB,
  });
  return {
    async read(body, signal) {
      return body.length <= INLINE_BYTES ? parseRows(body) : await threads.run(body, signal);
    },
    close: () => threads.close(),
  };
}
