/**
 * One comment job against a Defender and a record in memory, under a schedule of faults: a model of what the engine, the
 * store and Defender do, small enough to run thousands of times. Time passes only when the job waits.
 */
import { addCommentToIncident } from "../../src/actions/add-comment-to-incident.ts";
import type { ActionSettings, Note } from "../../src/contract/define-action.ts";
import { Failure, type FailureCode } from "../../src/contract/failure.ts";
import type { Incident } from "../../src/contract/incident.ts";
import type { Job } from "../../src/contract/job.ts";
import type { CallContext, Defender } from "../../src/contract/ports.ts";
import { attempt } from "../../src/engine/attempt.ts";
import { rule } from "../../src/engine/ruling.ts";
import type { Fence, ResultStore } from "../../src/results/store.ts";

export const FAULTS = [
  "none",
  "crash before the note",
  "crash after the note",
  "crash while it is on its way",
  "crash after it was stored",
  "crash before the result",
  "answer lost, stored",
  "answer lost, not stored",
  "refused as throttled",
  "turned away without effect",
  "incident not readable",
  "merged",
  "worker stops",
] as const;
export type FaultName = (typeof FAULTS)[number];

/** A fault of one run, and how long a comment that it delays takes to be seen, as part of the settle time. */
export interface Fault {
  name: FaultName;
  lag: number;
}

export interface Story {
  ending: "completed" | FailureCode;
  /** How many comments of the job lie at Defender in the end. */
  comments: number;
  runs: number;
}

const SETTLE_MS = 60_000;
const CALL_MS = 50;
const SOMEBODYS = ["Seen.", "Seen.\n\n[ref 0000000A]"];
const MOST_RUNS = 60;

class Crash extends Error {}

export async function tell(
  schedule: readonly Fault[],
  { expiresMs, reference }: { expiresMs: number; reference: ActionSettings["commentReference"] },
): Promise<Story> {
  let nowMs = 0;
  let merged = false;
  const stored: { text: string; seenAtMs: number; home: string }[] = [];
  const record = { note: null as Note | null, notedAtMs: 0, attempts: 0 };
  const text = "Seen.";

  const incident = (id: string): Incident => ({
    id,
    redirectIncidentId: merged && id === "29" ? "31" : null,
    comments: [
      ...(id === "29" ? SOMEBODYS : []),
      ...stored.filter(({ home, seenAtMs }) => home === id && seenAtMs <= nowMs).map((one) => one.text),
    ].map((comment) => ({ comment })),
  });

  async function run(fault: Fault): Promise<Story["ending"] | null> {
    let isDead = false;
    function crash(): never {
      isDead = true;
      throw new Crash(fault.name);
    }
    /** Of the dead nothing reaches Redis any more. */
    function alive(): void {
      if (isDead) throw new Crash("dead");
    }
    const store: Pick<ResultStore, "send" | "withdraw"> = {
      async send(_fence: Fence, note) {
        alive();
        if (nowMs >= expiresMs) return { verdict: "expired", nowMs };
        if (note !== null) Object.assign(record, { note, notedAtMs: nowMs });
        return { verdict: "ok", nowMs };
      },
      async withdraw() {
        alive();
        record.note = null;
      },
    };
    const keep = (comment: string, home: string, lagMs: number): void => {
      stored.push({ text: comment, home, seenAtMs: nowMs + lagMs });
    };
    const lagMs = Math.floor(fault.lag * (SETTLE_MS - CALL_MS));
    const open = ({ beforeSend }: CallContext): Defender => ({
      ...UNUSED,
      async followIncident(id) {
        alive();
        nowMs += CALL_MS;
        if (fault.name === "incident not readable") throw new Failure("defender_unavailable", "502");
        const first = incident(id);
        return first.redirectIncidentId ? [first, incident(first.redirectIncidentId)] : [first];
      },
      async addComment(id, comment) {
        if (fault.name === "crash before the note") crash();
        if (fault.name === "turned away without effect") throw new Failure("defender_unavailable", "refused");
        await beforeSend({ lane: "incidents", write: true, method: "POST", path: "" });
        if (fault.name === "crash after the note") crash();
        if (fault.name === "refused as throttled")
          throw new Failure("throttled", "429", { heldBack: "throttled", retryAfterMs: 1_000 });
        if (fault.name === "answer lost, not stored") throw lost();
        if (fault.name === "crash while it is on its way") {
          keep(comment, id, lagMs);
          crash();
        }
        keep(comment, id, fault.name === "answer lost, stored" ? lagMs : 0);
        if (fault.name === "crash after it was stored") crash();
        if (fault.name === "answer lost, stored") throw lost();
        nowMs += CALL_MS;
        return [...(incident(id).comments ?? [])];
      },
    });
    const started = {
      verdict: "run" as const,
      run: 1,
      attempts: record.attempts,
      isOver: nowMs >= expiresMs,
      nowMs,
      expiresMs,
      note: record.note,
      notedAtMs: record.notedAtMs,
    };
    const stopping = new AbortController();
    if (fault.name === "worker stops") stopping.abort();
    if (fault.name === "merged") merged = true;
    const made = await attempt(
      JOB,
      addCommentToIncident,
      FENCE,
      started,
      {
        store,
        settings: {
          strictDetermination: false,
          commentReference: reference,
          commentSettleMs: SETTLE_MS,
          preflight: "on",
        },
        checkQuery: async () => [],
        trail: { append: async () => {}, note: async () => {} },
        instance: () => ({
          lanes: ["incidents"],
          isDryRun: false,
          refuseStopped: async () => {},
          connection: { open, heldForMs: async () => 0, close: async () => {} },
        }),
      },
      stopping.signal,
    );
    alive();
    const ruling = rule(made.ended, {
      attempts: record.attempts,
      hasOpenWrite: made.openWrite !== null,
      isAborted: stopping.signal.aborted,
    });
    if (fault.name === "crash before the result") crash();
    record.attempts = ruling.attempts;
    if (ruling.kind === "complete") return "completed";
    if (ruling.kind === "fail") return ruling.failure.code;
    if (ruling.kind !== "hand-back") nowMs += ruling.delayMs;
    return null;
  }

  for (let runs = 1; runs <= MOST_RUNS; runs += 1) {
    try {
      const ending = await run(schedule[runs - 1] ?? { name: "none", lag: 0 });
      if (ending !== null) return { ending, comments: stored.length, runs };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      nowMs += RESCUE_MS;
    }
  }
  throw new Error(`no end after ${MOST_RUNS} runs of a job that says ${text}`);
}

/** How long a dead worker's job waits for another one. */
const RESCUE_MS = 20_000;
const FENCE: Fence = { caseId: "4711", jobId: "j1", generation: 1, run: 1 };
const JOB: Job = {
  v: 1,
  job_id: "j1",
  case_id: "4711",
  action: "add_comment_to_incident",
  instance: "default",
  priority: "interactive",
  generation: 1,
  input: { case_id: "4711", incident_id: "29", comment: "Seen." },
  enqueued_at: "2026-03-18T10:30:00.000Z",
  expires_at: "2026-03-18T11:30:00.000Z",
};

function lost(): Failure {
  return new Failure("defender_unavailable", "no answer", { applied: "maybe" });
}

function unexpected(): Promise<never> {
  return Promise.reject(new Failure("internal_error", "a comment job does not ask for this"));
}

const UNUSED: Defender = {
  authenticate: unexpected,
  getIncident: unexpected,
  followIncident: unexpected,
  listIncidents: unexpected,
  updateIncident: unexpected,
  addComment: unexpected,
  runHuntingQuery: unexpected,
};
