/** What a running worker says of itself: how much memory it took, and how long its event loop stood still. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { metrics, seriesOf } from "../ops/health.ts";

const LOOK_EVERY_MS = 50;
const KIB = 1_024;

export interface Vitals {
  /** Resident; where the kernel tells, the most since the process began. */
  mostBytes: number;
  /** By `perf_hooks`, whose own 10 ms between two looks are in it. */
  longestPauseMs: number;
}

/** `url` is where the worker's metrics are. What happened before is not of interest. */
export async function watchVitals(pid: number, url: string): Promise<{ stop(): Promise<Vitals> }> {
  // Reading resets the pause.
  await metrics(url);
  const vitals = { mostBytes: 0, longestPauseMs: 0 };
  let isOver = false;
  const look = async (): Promise<void> => {
    const text = await metrics(url);
    vitals.mostBytes = Math.max(vitals.mostBytes, seriesOf(text, "process_resident_memory_bytes") ?? 0);
    const pauseMs = (seriesOf(text, "nodejs_eventloop_lag_max_seconds") ?? 0) * 1_000;
    vitals.longestPauseMs = Math.max(vitals.longestPauseMs, pauseMs);
  };
  const looking = (async () => {
    for (; !isOver; await sleep(LOOK_EVERY_MS)) await look();
  })();
  // Whoever stops it hears of a failure.
  looking.catch(() => undefined);
  return {
    async stop() {
      isOver = true;
      await looking;
      await look();
      return { ...vitals, mostBytes: Math.max(vitals.mostBytes, await peakBytes(pid)) };
    },
  };
}

/** A peak may lie between two looks; 0 where there is no `/proc`. */
async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * KIB;
}
