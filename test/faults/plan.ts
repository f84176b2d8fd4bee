/** The plan of one random round: which jobs, which faults of Defender, and when workers are killed. It follows from its seed. */
import fc from "fast-check";
import type { ActionName } from "../../producers/client.ts";
import type { FaultPoint } from "../../src/fault-point.ts";
import { WORKER_POINTS } from "./points.ts";

export interface PlannedJob {
  action: ActionName;
  input: Readonly<Record<string, unknown>>;
  /** Asked for this often, with one idempotency key. */
  times: number;
  /** Since the one before it. */
  afterMs: number;
}

export interface PlannedKill {
  /** Since the kill before it. */
  afterMs: number;
  /** Which of the workers that live then; counted around. */
  worker: number;
  /** The point at which its successor dies by itself; null for none. */
  successorDiesAt: FaultPoint | null;
}

export interface Plan {
  workers: number;
  jobs: readonly PlannedJob[];
  /** For the simulator, as `POST /_sim/faults` takes them. */
  faults: readonly object[];
  kills: readonly PlannedKill[];
}

const INCIDENTS = [3, 4, 7, 29] as const;
const incident = fc.constantFrom(...INCIDENTS);

const work = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("comment"), incident }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("update"), incident }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("query"), incident }) },
);

const job = fc.record({
  work,
  times: fc.constantFrom(1, 1, 1, 2),
  afterMs: fc.integer({ min: 0, max: 400 }),
});

const POST_COMMENT = { method: "POST", path: "/comments$" };
const PATCH = { method: "PATCH" };
const READ = { method: "GET", path: "/incidents/" };
/** Each at most once or twice in a round, so that no job uses up its tries. */
const fault = fc.record({
  match: fc.constantFrom(POST_COMMENT, PATCH, READ),
  after: fc.integer({ min: 0, max: 6 }),
  fault: fc.constantFrom(
    { reset: "before" },
    { reset: "after" },
    { hang: true, applied: true },
    { status: 502, body: "<html>Bad gateway</html>", applied: true },
    { status: 503 },
    { status: 429, headers: { "Retry-After": "1" } },
    { delayMs: 1_500 },
    { delayMs: 1_500, applied: true },
  ),
});

const plan = fc.record({
  workers: fc.integer({ min: 2, max: 3 }),
  jobs: fc.array(job, { minLength: 10, maxLength: 24 }),
  faults: fc.array(fault, { maxLength: 4 }),
  kills: fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 2_500 }),
      worker: fc.nat({ max: 5 }),
      successorDiesAt: fc.option(fc.constantFrom(...WORKER_POINTS), { freq: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

/** The same seed gives the same plan. */
export function planRound(seed: number): Plan {
  const [drawn] = fc.sample(plan, { seed, numRuns: 1 });
  if (drawn === undefined) throw new Error("nothing was drawn");
  return {
    ...drawn,
    jobs: drawn.jobs.map(({ work: { kind, incident: incident_id }, times, afterMs }, index) => ({
      ...describe(kind, incident_id, index),
      times,
      afterMs,
    })),
  };
}

/** Every comment gets a text, and every update an assignee, of its own: so the checker tells them apart. */
function describe(kind: string, incident_id: number, index: number): Pick<PlannedJob, "action" | "input"> {
  if (kind === "comment")
    return { action: "add_comment_to_incident", input: { incident_id, comment: `Comment ${index}.` } };
  if (kind === "update")
    return {
      action: "update_incident",
      input: { incident_id, status: "In Progress", assign_to: `analyst-${index}@contoso.com` },
    };
  return { action: "execute_custom_query", input: { query: `print job=${index}` } };
}
