/** Proves that workers consume: every one of them, on every queue that it serves. */
import { setTimeout as sleep } from "node:timers/promises";
import { type ActionName, WaitTimeout } from "../../producers/client.ts";
import type { Rig } from "../support/rig.ts";
import type { WorkerProcess } from "../support/worker-process.ts";

/** One for each queue of a worker; `ping` has one queue for both priorities. */
const PROBES: readonly (readonly [ActionName, object, "interactive" | "bulk"])[] = [
  ["update_incident", { incident_id: 7, status: "In progress" }, "interactive"],
  ["update_incident", { incident_id: 8, status: "In progress" }, "bulk"],
  ["execute_custom_query", { query: "AlertInfo" }, "interactive"],
  ["execute_custom_query", { query: "AlertInfo" }, "bulk"],
  ["ping", {}, "interactive"],
];
/** Rounds must not fill the ledger while a worker is still away. */
const ROUND_EVERY_MS = 100;

/** Answers every query at once: loading the parser for each rig would be what is measured. */
export async function answerQueries({ simulator }: Rig): Promise<void> {
  const body = JSON.stringify({ schema: [{ name: "Title", type: "String" }], results: [] });
  await simulator.addFault({
    match: { method: "POST", path: "runHuntingQuery$" },
    times: null,
    fault: { status: 200, body },
  });
}

/**
 * Asks for jobs until each of these workers has done one of every queue: Redis wakes the one that has waited longest,
 * so that takes few rounds. Gives how long it took; rejects when a job takes longer than `withinMs`.
 */
export async function allConsume(
  rig: Rig,
  workers: readonly WorkerProcess[],
  withinMs: number,
): Promise<number> {
  const startMs = performance.now();
  const leftMs = (): number => Math.max(0, withinMs - (performance.now() - startMs));
  const asked: { jobId: string; probe: number }[] = [];
  // Read from the logs each time, for a worker logs an end after it is known.
  const missing = (): string[] =>
    workers.flatMap(({ log }, worker) => {
      const text = log.join("\n");
      const done = new Set(asked.filter(({ jobId }) => text.includes(jobId)).map(({ probe }) => probe));
      return PROBES.flatMap(([action, , priority], probe) =>
        done.has(probe) ? [] : [`worker ${worker} on ${action} (${priority})`],
      );
    });
  while (missing().length > 0) {
    if (leftMs() === 0) throw new Error(`consumes nothing after ${withinMs} ms: ${missing().join(", ")}`);
    await Promise.all(
      PROBES.map(async ([action, input, priority], probe) => {
        const job = await rig.accept(action, input, { priority });
        asked.push({ jobId: job.jobId, probe });
        // When the time is up, what is missing is named.
        await rig.client.waitForResult(job, { timeoutMs: leftMs() }).catch((error: unknown) => {
          if (!(error instanceof WaitTimeout)) throw error;
        });
      }),
    );
    await sleep(ROUND_EVERY_MS);
  }
  return performance.now() - startMs;
}
