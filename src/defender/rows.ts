/** Reads hunting answers: small ones at once, big ones in a thread, so that no job loses its lock to a blocked event loop. */
import { extname } from "node:path";
import type { Piscina } from "piscina";
import type { RowSet } from "../contract/ports.ts";
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
  let pool: Promise<Pool> | undefined;
  return {
    async read(body, signal) {
      if (body.length <= INLINE_BYTES) return parseRows(body);
      pool ??= openPool(() => {
        pool = undefined;
      });
      return (await pool).run(body, { signal, name: parseRows.name });
    },
    async close() {
      await (await pool)?.destroy();
    },
  };
}

type Pool = Piscina<Uint8Array, RowSet>;

async function openPool(onBroken: () => void): Promise<Pool> {
  const { Piscina } = await import("piscina");
  // The thread is the file beside this one: TypeScript when run from source, JavaScript when built.
  const extension = extname(import.meta.url);
  const pool: Pool = new Piscina({
    filename: new URL(`./row-parser${extension}`, import.meta.url).href,
    ...(extension === ".ts" ? { execArgv: sourceArguments() } : {}),
    minThreads: 0,
    maxThreads: THREADS,
    idleTimeout: THREAD_IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
  });
  // A thread that cannot even start leaves its task waiting; destroying the pool rejects it.
  pool.on("error", () => {
    onBroken();
    pool.destroy().catch(() => {});
  });
  return pool;
}

/** On Node 20 a thread does not inherit the loader that runs the source. */
function sourceArguments(): string[] {
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const start = `import { register } from ${tsx}; register();`;
  return ["--import", `data:text/javascript,${encodeURIComponent(start)}`];
}
