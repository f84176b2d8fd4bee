/** What a running worker says of itself: how much memory it took, and how long its event loop stood still. */
import { readFile } from "node:fs/promises";
import { metrics, seriesOf } from "../ops/health.ts";

const KIB = 1_024;

export interface Vitals {
  /** Resident: the most since the process began; where the kernel does not tell, at the end. */
  mostBytes: number;
  /** By `perf_hooks`, whose own 10 ms between two looks are in it. */
  longestPauseMs: number;
}

/** `url` is where the worker's metrics are. What happened before is not of interest. */
export async function watchVitals(pid: number, url: string): Promise<{ stop(): Promise<Vitals> }> {
  // Reading resets the pause, and hides one that begins right after: so it is read once at either end, never between.
  await metrics(url);
  return {
    async stop() {
      const text = await metrics(url);
      const residentBytes = seriesOf(text, "process_resident_memory_bytes") ?? 0;
      return {
        mostBytes: Math.max(residentBytes, await peakBytes(pid)),
        longestPauseMs: (seriesOf(text, "nodejs_eventloop_lag_max_seconds") ?? 0) * 1_000,
      };
    },
  };
}

/** 0 where there is no `/proc`. */
async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * KIB;
}
