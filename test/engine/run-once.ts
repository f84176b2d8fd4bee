/** Runs one job through the engine, against a store and an order that only answer and record. */
import type { AuditDraft } from "../../src/audit/entry.ts";
import { Failure } from "../../src/contract/failure.ts";
import type { Job } from "../../src/contract/job.ts";
import type { Defender } from "../../src/contract/ports.ts";
import { type Engine, execute } from "../../src/engine/execute.ts";
import type { Started } from "../../src/results/replies.ts";
import { RecordingDefender } from "../actions/recording-defender.ts";

export const JOB: Job = {
  v: 1,
  job_id: "j1",
  case_id: "4711",
  action: "update_incident",
  instance: "default",
  priority: "interactive",
  generation: 1,
  input: { case_id: "4711", incident_id: "29", status: "Resolved" },
  enqueued_at: "2026-03-18T10:30:00.000Z",
  expires_at: "2026-03-18T11:30:00.000Z",
};
const PLACE = { queue: "q", queueJobId: "j1-1" };
export const TURN = { instance: "default", incidentId: "29" };
export const NOTE = { before: { status: "active" }, patch: { status: "resolved" } };

const PATCH = {
  lane: "incidents",
  write: true,
  method: "PATCH",
  path: "/security/incidents/29",
  incidentId: "29",
  body: { status: "resolved" },
} as const;

type Run = Extract<Started, { verdict: "run" }>;
export const FRESH: Run = {
  verdict: "run",
  run: 1,
  attempts: 0,
  isOver: false,
  nowMs: 0,
  expiresMs: 60_000,
  note: null,
  notedAtMs: 0,
};

export interface Situation {
  started?: readonly Started[];
  /** Milliseconds until it looks again, when it is not its turn. */
  turnInMs?: number;
  finishes?: boolean;
  send?: "ok" | "cancelled" | "expired" | "stale";
  defender?: RecordingDefender;
  stopped?: boolean;
  /** Nothing can be written to the audit trail. */
  isTrailLost?: boolean;
}

export async function runOnce(situation: Situation = {}, job = JOB) {
  const { finishes = true, send = "ok", turnInMs, stopped = false } = situation;
  const starts = [...(situation.started ?? [FRESH])];
  const steps: string[] = [];
  const finished: object[] = [];
  const waits: object[] = [];
  const entries: AuditDraft[] = [];
  const defender = situation.defender ?? new RecordingDefender({ id: "29", status: "active" });
  const engine: Engine = {
    settings: {
      strictDetermination: false,
      commentReference: "on",
      commentSettleMs: 60_000,
      preflight: "on",
    },
    checkQuery: async () => [],
    trail: {
      async append(entry) {
        if (situation.isTrailLost) throw new Error("NOPERM");
        entries.push(entry);
      },
      async note(entry) {
        entries.push(entry);
      },
    },
    resultTtlMs: 1_000,
    inlineLimit: { rows: 10, bytes: 1_000_000 },
    instance: () => ({
      lanes: ["incidents"],
      isDryRun: false,
      refuseStopped: async () => {},
      connection: {
        open: ({ beforeSend, afterCall }): Defender =>
          Object.assign(Object.create(defender), {
            authenticate: defender.authenticate.bind(defender),
            followIncident: defender.followIncident.bind(defender),
            updateIncident: async (...args: Parameters<Defender["updateIncident"]>) => {
              await beforeSend(PATCH);
              const updated = await defender.updateIncident(...args);
              afterCall?.(PATCH, { outcome: "ok", status: 200, requestId: "r1" });
              return updated;
            },
            listIncidents: async (...args: Parameters<Defender["listIncidents"]>) => {
              await beforeSend({ lane: "incidents", write: false, method: "GET", path: "" });
              return await defender.listIncidents(...args);
            },
            runHuntingQuery: async (...args: Parameters<Defender["runHuntingQuery"]>) => {
              await beforeSend({ lane: "hunting", write: false, method: "POST", path: "", body: args[0] });
              return await defender.runHuntingQuery(...args);
            },
          }),
        heldForMs: async () => 0,
        close: async () => {},
      },
    }),
    order: {
      async waitFor() {
        steps.push("turn");
        return turnInMs === undefined ? null : { longestMs: turnInMs };
      },
      async leave({ incidentId }, { queueJobId }) {
        steps.push(`leave ${incidentId} as ${queueJobId}`);
      },
    },
    store: {
      async create({ head, generation = 1 }) {
        steps.push(`create ${generation}`);
        return { verdict: "created", status: "queued", generation, enqueuedMs: 0, expiresMs: 0, head };
      },
      async start() {
        steps.push("start");
        return starts.shift() ?? { verdict: "missing" };
      },
      async send() {
        steps.push("send");
        return { verdict: send, nowMs: 0 };
      },
      async withdraw() {
        steps.push("withdraw");
      },
      async wait(_fence, status, waiting, attempts) {
        steps.push("wait");
        waits.push({ status, waiting, attempts });
        return finishes;
      },
      async finish(_fence, verdict) {
        steps.push("finish");
        finished.push(verdict);
        return finishes;
      },
    },
  };
  const stopping = new AbortController();
  if (stopped) stopping.abort();
  const settlement = await execute(job, PLACE, engine, stopping.signal);
  return { settlement, steps, finished, waits, entries, defender };
}

export function failing(...args: ConstructorParameters<typeof Failure>): RecordingDefender {
  const defender = new RecordingDefender({ id: "29", status: "active" });
  defender.failures.set("updateIncident", new Failure(...args));
  return defender;
}
