/** Answers too big, too deep or too tightly packed: each is read or refused, and neither memory nor other jobs suffer. */
import { describe, expect, it } from "vitest";
import type { FailureCode } from "../../src/contract/failure.ts";
import type { FaultScriptInput } from "../simulator/faults.ts";
import { watchVitals } from "../support/vitals.ts";
import { check } from "./checker.ts";
import { hunt, times } from "./jobs.ts";
import { openFaultRig } from "./rig.ts";

const MB = 1_000_000;
/** Measured: 382 with 60 MB, of which 250 are the worker at rest with the KQL parser. */
const MOST_MB = 450;
const LONGEST_PAUSE_MS = 200;
const DEPTH = 10_000;
const DONE = { status: "completed", error: null };

interface HugeAnswer {
  is: string;
  fault: FaultScriptInput["fault"];
  /** How often; null for ever. */
  times: number | null;
  result: object;
  failures?: readonly FailureCode[];
}

const REFUSED = {
  times: null,
  result: { status: "failed", error: { code: "query_too_large" } },
  failures: ["query_too_large"],
} as const;

const ANSWERS: readonly HugeAnswer[] = [
  {
    is: "60 MB in 60,000 rows",
    fault: { rows: { count: 60_000, bytes: 1_000 } },
    times: null,
    result: { ...DONE, row_count: 60_000 },
  },
  {
    is: "100,000 rows, all that Graph gives",
    fault: { rows: { count: 100_000, bytes: 400 } },
    times: null,
    result: { ...DONE, row_count: 100_000, truncated: true },
  },
  {
    is: "more than Graph may send",
    fault: { rows: { count: 1, bytes: 70 * MB } },
    ...REFUSED,
  },
  {
    is: "300 MB packed into 300 kB",
    fault: { rows: { count: 3, bytes: 100 * MB }, gzip: true },
    ...REFUSED,
  },
  {
    is: "JSON ten thousand levels deep",
    fault: {
      body: `{"schema":[{"name":"Deep","type":"Object"}],"results":[{"Deep":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}}]}`,
    },
    // It is no answer at all, so it is asked for again.
    times: 1,
    result: { ...DONE, row_count: 1, attempts: 2 },
  },
];

describe("a worker stays small and answers others while it receives", { timeout: 120_000 }, () => {
  it.for(ANSWERS)("$is", async ({ fault, times: often, result, failures = [] }, context) => {
    const rig = await openFaultRig(context, { env: { WORKER_PORT: "0" } });
    const worker = await rig.startWorker();
    const { port } = await worker.event("health.listening");
    const url = `http://127.0.0.1:${port}`;
    const match = { method: "POST", path: "/runHuntingQuery$", body: "huge" };
    await rig.simulator.addFault({ match, times: often, fault });

    const seen = await watchVitals(worker.pid, url);
    const [job] = await rig.acceptMany([hunt("huge")]);
    const beside = await rig.acceptMany(times(20, (index) => hunt(`beside ${index}`)));
    for (const small of beside) await rig.finish(small);
    const huge = job === undefined ? null : await rig.finish(job);
    const { mostBytes, longestPauseMs } = await seen.stop();

    console.log(
      `most memory ${Math.round(mostBytes / MB)} MB, longest pause ${Math.round(longestPauseMs)} ms`,
    );
    expect(huge).toMatchObject(result);
    expect(mostBytes).toBeLessThan(MOST_MB * MB);
    expect(longestPauseMs).toBeLessThan(LONGEST_PAUSE_MS);
    await check(rig, { failures });
  });
});
