/** Reads hunting answers: small ones at once, big ones in a thread, so that no job loses its lock to a blocked event loop. */
import type { RowSet } from "../contract/ports.ts";
import { openThreads } from "../threads.ts";
import { parseRows } from "./row-parser.ts";

const INLINE_BYTES = 128 * 1024;
/** One answer after the other, so that many big ones cost no more than their bytes: 50 MB take two seconds. */
const THREADS = 1;
const THREAD_IDLE_MS = 30_000;
/** Four times what 64 MiB in 100,000 rows take; it lets single rows be as large as that too. */
const THREAD_HEAP_MB = 256;

export interface RowReader {
  /** Takes a body, in pieces, away from the caller. Throws plain errors: the body is not what it should be, or the thread ran out of memory. */
  read(body: readonly Buffer[], signal: AbortSignal): Promise<RowSet>;
  close(): Promise<void>;
}

export function openRowReader(): RowReader {
  const threads = openThreads<readonly Uint8Array[], RowSet>({
    beside: import.meta.url,
    file: "row-parser",
    name: parseRows.name,
    most: THREADS,
    idleMs: THREAD_IDLE_MS,
    heapMb: THREAD_HEAP_MB,
  });
  return {
    async read(body, signal) {
      const bytes = body.reduce((sum, chunk) => sum + chunk.length, 0);
      return bytes <= INLINE_BYTES ? parseRows(body) : await threads.run(body, signal, buffersOf(body));
    },
    close: () => threads.close(),
  };
}

/** Those that can be given away: one that is only partly the body's holds others' bytes too, and is copied. */
function buffersOf(body: readonly Buffer[]): ArrayBuffer[] {
  return body.flatMap(({ buffer, length }) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === length ? [buffer] : [],
  );
}
