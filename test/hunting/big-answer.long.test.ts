/** An answer as large as Graph gives is one job among others: they go on, and the worker stays small. */
import { expect, test } from "vitest";
import { percentile } from "../bench/figures.ts";
import { hunt, times } from "../faults/jobs.ts";
import { CASE, openPipe } from "../support/pipe.ts";
import { watchVitals } from "../support/vitals.ts";

const MB = 1_000_000;
const ROWS = 100_000;
/** Measured: 412, of which 247 are the worker at rest with the KQL parser. */
const MOST_MB = 450;
const OTHERS_AT_ONCE = 4;
const LONGEST_WAIT_MS = 1_000;
/** The aim is 100, which `npm run bench:hunting` measures; other tests that run beside this one were seen to make it 230. */
const LONGEST_PAUSE_MS = 1_000;

test("a worker that receives 50 MB keeps completing other jobs meanwhile", async () => {
  const rig = await openPipe({
    settings: { quotas: { incidents: null, hunting: null } },
    env: { DEFENDER_HUNTING_LIMITS: "1000/1s", WORKER_PORT: "0" },
  });
  const worker = await rig.startWorker();
  const { port } = await worker.event("health.listening");
  const match = { method: "POST", path: "/runHuntingQuery$", body: "huge" };
  const answer = { count: ROWS, bytes: 31, columns: 12 };
  await rig.simulator.addFault({ match, times: null, fault: { rows: answer } });
  // It loads the parser, which is to be in memory too.
  await rig.finish(await rig.accept("execute_custom_query", { query: "print ok=1" }));

  const seen = await watchVitals(worker.pid, `http://127.0.0.1:${port}`);
  const [huge] = await rig.acceptMany([hunt("huge")]);
  if (huge === undefined) throw new Error("the big query was not accepted");
  let isOver = false;
  const done = rig.finish(huge).finally(() => {
    isOver = true;
  });
  const waitsMs: number[] = [];
  async function askOthers(): Promise<void> {
    while (!isOver) {
      const startedMs = performance.now();
      const other = await rig.accept("execute_custom_query", { ...CASE, query: "print ok=1" });
      expect(await rig.finish(other)).toMatchObject({ status: "completed", row_count: 1 });
      // One that was still under way when the big one ended proves nothing.
      if (!isOver) waitsMs.push(performance.now() - startedMs);
    }
  }
  await Promise.all(times(OTHERS_AT_ONCE, askOthers));
  const { mostBytes, longestPauseMs } = await seen.stop();

  console.log(
    `${waitsMs.length} others in ${percentile(waitsMs, 50).toFixed(0)} ms, the slowest in ${Math.max(...waitsMs).toFixed(0)}; most memory ${Math.round(mostBytes / MB)} MB, longest pause ${Math.round(longestPauseMs)} ms`,
  );
  expect(await done).toMatchObject({ status: "completed", row_count: ROWS, truncated: true });
  expect(await rig.client.rows(huge, { offset: ROWS - 1, limit: 1 })).toMatchObject({
    rows: [{ Text: expect.any(String) }],
    total: ROWS,
  });
  expect(waitsMs.length).toBeGreaterThan(20);
  expect(percentile(waitsMs, 95)).toBeLessThan(LONGEST_WAIT_MS);
  expect(mostBytes).toBeLessThan(MOST_MB * MB);
  expect(longestPauseMs).toBeLessThan(LONGEST_PAUSE_MS);
});
