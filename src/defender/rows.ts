/** Reads hunting answers: small ones at once, big ones in a thread, so that no job loses its lock to a blocked event loop. */
import { extname } from "node:path";
import type { Piscina } from "piscina";
import type { RowSet } from "../contract/ports.ts";
import { parseRows } from "./row-parser.ts";

const INLINE_BYTES = 256 * 1024;
const THREADS = 2;
const THREAD_IDLE_MS = 30_000;
/** An answer at the cap of 64 MiB takes about a third of it. */
const THREAD_HEAP_MB = 1_024;

export interface RowReader {
  /** Takes the body away from the caller. Throws plain errors: the body is not what it should be, or the thread ran out of memory. */
  read(body: Buffer, signal: AbortSignal): Promise<RowSet>;
  close(): Promise<void>;
}

export function openRowReader(): RowReader {
  let pool: Promise<Piscina<Uint8Array, RowSet>> | undefined;
  return {
    async read(body, signal) {
      if (body.length <= INLINE_BYTES) return parseRows(body);
      pool ??= openPool();
      return (await pool).run(body, { signal, name: parseRows.name });
    },
    async close() {
      await (await pool)?.destroy();
    },
  };
}

async function openPool(): Promise<Piscina<Uint8Array, RowSet>> {
  const { Piscina } = await import("piscina");
  // The thread is the file beside this one: TypeScript when run from source, JavaScript when built.
  const extension = extname(import.meta.url);
  return new Piscina({
    filename: new URL(`./row-parser${extension}`, import.meta.url).href,
    ...(extension === ".ts" ? { execArgv: ["--import", "tsx"] } : {}),
    minThreads: 0,
    maxThreads: THREADS,
    idleTimeout: THREAD_IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
  });
}
