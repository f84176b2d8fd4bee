/** Work off the main thread: a blocked event loop would lose the locks of jobs. */
import { extname } from "node:path";
import type { Piscina } from "piscina";

export interface ThreadEntry {
  /** `import.meta.url` of the file beside the thread's. */
  beside: string;
  /** The thread's file, without extension: TypeScript when run from source, JavaScript when built. */
  file: string;
  /** The function that it exports. */
  name: string;
  most: number;
  idleMs: number;
  heapMb: number;
}

export interface Threads<Task, Answer> {
  /**
   * Rejects with a plain error: the function threw, the thread ran out of memory, or `signal` ended it. What is `given` away
   * is not copied, and lost to the caller.
   */
  run(task: Task, signal: AbortSignal, given?: readonly ArrayBuffer[]): Promise<Answer>;
  close(): Promise<void>;
}

/** Threads start with the first task. */
export function openThreads<Task, Answer>(entry: ThreadEntry): Threads<Task, Answer> {
  let pool: Promise<Piscina<Task, Answer>> | undefined;
  return {
    async run(task, signal, given = []) {
      pool ??= openPool(entry, () => {
        pool = undefined;
      });
      return (await pool).run(task, { signal, name: entry.name, transferList: [...given] });
    },
    async close() {
      await (await pool)?.destroy();
    },
  };
}

async function openPool<Task, Answer>(
  entry: ThreadEntry,
  onBroken: () => void,
): Promise<Piscina<Task, Answer>> {
  const { Piscina } = await import("piscina");
  const extension = extname(entry.beside);
  const pool: Piscina<Task, Answer> = new Piscina({
    filename: new URL(`./${entry.file}${extension}`, entry.beside).href,
    ...(extension === ".ts" ? { execArgv: sourceArguments() } : {}),
    minThreads: 0,
    maxThreads: entry.most,
    idleTimeout: entry.idleMs,
    resourceLimits: { maxOldGenerationSizeMb: entry.heapMb },
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
