/** The steps of one run, against a store and an order that only answer and record. */
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import type { Job } from "../../src/contract/job.ts";
import type { Defender } from "../../src/contract/ports.ts";
import { type Engine, execute } from "../../src/engine/execute.ts";
import type { Started } from "../../src/results/store.ts";
import { RecordingDefender } from "../actions/recording-defender.ts";

const JOB: Job = {
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
const TURN = { instance: "default", incidentId: "29" };
const NOTE = { before: { status: "active" }, patch: { status: "resolved" } };

type Run = Extract<Started, { verdict: "run" }>;
const FRESH: Run = {
  verdict: "run",
  run: 1,
  attempts: 0,
  isOver: false,
  nowMs: 0,
  expiresMs: 60_000,
  note: null,
  notedAtMs: 0,
};

interface Situation {
  started?: readonly Started[];
  /** Milliseconds until it looks again, when it is not its turn. */
  turnInMs?: number;
  finishes?: boolean;
  send?: "ok" | "cancelled" | "expired" | "stale";
  defender?: RecordingDefender;
  stopped?: boolean;
}

async function run(situation: Situation = {}, job = JOB) {
  const { finishes = true, send = "ok", turnInMs, stopped = false } = situation;
  const starts = [...(situation.started ?? [FRESH])];
  const steps: string[] = [];
  const finished: object[] = [];
  const waits: object[] = [];
  const defender = situation.defender ?? new RecordingDefender({ id: "29", status: "active" });
  const engine: Engine = {
    settings: { strictDetermination: false, commentReference: "on", commentSettleMs: 60_000 },
    resultTtlMs: 1_000,
    inlineRows: 10,
    instance: () => ({
      lanes: ["incidents"],
      connection: {
        open: ({ beforeSend }): Defender =>
          Object.assign(Object.create(defender), {
            followIncident: defender.followIncident.bind(defender),
            updateIncident: async (...args: Parameters<Defender["updateIncident"]>) => {
              await beforeSend({ write: true });
              return await defender.updateIncident(...args);
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
      async leave(incident, place) {
        expect([incident, place]).toEqual([TURN, PLACE]);
        steps.push("leave");
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
        return send;
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
      async saveRows() {
        return "rows";
      },
    },
  };
  const stopping = new AbortController();
  if (stopped) stopping.abort();
  const settlement = await execute(job, PLACE, engine, stopping.signal);
  return { settlement, steps, finished, waits, defender };
}

function failing(...args: ConstructorParameters<typeof Failure>): RecordingDefender {
  const defender = new RecordingDefender({ id: "29", status: "active" });
  defender.failures.set("updateIncident", new Failure(...args));
  return defender;
}

describe("a run", () => {
  it("takes the record, waits for its turn, notes, sends, writes the result, and only then lets the next one go", async () => {
    const { settlement, steps, finished } = await run();
    expect(steps).toEqual(["start", "turn", "send", "finish", "leave"]);
    expect(settlement).toEqual({ kind: "completed" });
    expect(finished).toMatchObject([{ status: "completed", attempts: 1, findings: { is_success: true } }]);
  });

  it("of a job that is over calls nothing, and lets the next one go", async () => {
    for (const verdict of ["final", "stale"] as const) {
      const { settlement, steps, defender } = await run({ started: [{ verdict }] });
      expect(settlement).toEqual({ kind: "over" });
      expect(steps).toEqual(["start", "leave"]);
      expect(defender.calls).toEqual([]);
    }
  });

  it("of a job whose record was lost makes a new one under the same generation", async () => {
    const { steps } = await run({ started: [{ verdict: "missing" }, FRESH] }, { ...JOB, generation: 3 });
    expect(steps.slice(0, 3)).toEqual(["start", "create 3", "start"]);
  });

  it("whose turn it is not parks, at most until the job's end", async () => {
    const soon = await run({ turnInMs: 5_000 });
    expect(soon.settlement).toEqual({ kind: "later", delayMs: 5_000, turn: TURN });
    expect(soon.waits).toEqual([
      { status: "queued", waiting: { for: "order", delayMs: 5_000 }, attempts: 0 },
    ]);
    expect((await run({ turnInMs: 86_400_000 })).settlement).toMatchObject({ delayMs: 60_001 });
    expect(soon.defender.calls).toEqual([]);
  });

  it("past the job's end neither waits for its turn nor calls anything", async () => {
    const { settlement, steps, finished, defender } = await run({
      started: [{ ...FRESH, isOver: true, nowMs: 60_000 }],
      turnInMs: 5_000,
    });
    expect(settlement).toMatchObject({ kind: "failed", failure: { code: "expired" } });
    expect(steps).toEqual(["start", "finish", "leave"]);
    expect(finished).toMatchObject([{ status: "failed", findings: { error: { code: "expired" } } }]);
    expect(defender.calls).toEqual([]);
  });

  it("past the job's end still finds out what became of a write that was sent", async () => {
    const { settlement, finished, defender } = await run({
      started: [{ ...FRESH, isOver: true, note: NOTE }],
      defender: new RecordingDefender({ id: "29", status: "resolved" }),
    });
    expect(settlement).toEqual({ kind: "completed" });
    expect(finished).toMatchObject([
      { findings: { warnings: [expect.stringContaining("already been made")] } },
    ]);
    expect(defender.callsOf("updateIncident")).toEqual([]);
  });

  it("that was overtaken writes nothing, and leaves the turn to the run that has the job", async () => {
    const { settlement, steps, defender } = await run({ send: "stale" });
    expect(settlement).toEqual({ kind: "taken" });
    expect(steps).toEqual(["start", "turn", "send"]);
    expect(defender.callsOf("updateIncident")).toEqual([]);
    expect((await run({ finishes: false })).settlement).toEqual({ kind: "taken" });
  });

  it("of a job cancelled at the last moment sends nothing and leaves the result as it is", async () => {
    const { settlement, steps, defender } = await run({ send: "cancelled", finishes: false });
    expect(settlement).toMatchObject({ kind: "failed", failure: { code: "cancelled" } });
    expect(steps.at(-1)).toBe("leave");
    expect(defender.callsOf("updateIncident")).toEqual([]);
  });

  it("that Defender refused takes its note back", async () => {
    const { steps, finished } = await run({ defender: failing("permission_denied", "no role") });
    expect(steps).toEqual(["start", "turn", "send", "withdraw", "finish", "leave"]);
    expect(finished).toMatchObject([
      {
        status: "failed",
        findings: {
          output_message: 'Error executing action "Update Incident". Reason: no role',
          json_result: null,
        },
      },
    ]);
  });

  it("that Defender did not answer keeps its note, and its turn", async () => {
    const { settlement, steps, waits } = await run({
      defender: failing("defender_unavailable", "no answer", { applied: "maybe" }),
    });
    expect(steps).toEqual(["start", "turn", "send", "wait"]);
    expect(settlement).toMatchObject({ kind: "later" });
    expect(waits).toMatchObject([{ status: "running", waiting: { for: "retry" }, attempts: 1 }]);
  });

  it("that could not verify its write at the last try ends as unknown, with the evidence", async () => {
    const defender = new RecordingDefender();
    defender.failures.set("followIncident", new Failure("defender_unavailable", "502"));
    const { finished } = await run({
      started: [{ ...FRESH, attempts: 5, note: NOTE, notedAtMs: 0 }],
      defender,
    });
    expect(finished).toMatchObject([
      {
        status: "failed",
        attempts: 6,
        findings: {
          error: { code: "outcome_unknown", retryable: false },
          json_result: { sent_at: "1970-01-01T00:00:00.000Z", sent: NOTE },
        },
      },
    ]);
  });

  it("that is held back holds the lane, or for our own share only its priority", async () => {
    const throttled = failing("throttled", "429", { heldBack: "throttled", retryAfterMs: 7_000 });
    expect((await run({ defender: throttled })).settlement).toEqual({
      kind: "held",
      delayMs: 7_000,
      scope: "lane",
    });
    const full = failing("throttled", "full", { heldBack: "quota", retryAfterMs: 500 });
    const { settlement, waits, steps } = await run({ defender: full });
    expect(settlement).toEqual({ kind: "held", delayMs: 500, scope: "priority" });
    expect(waits).toMatchObject([{ status: "queued", waiting: { for: "quota" }, attempts: 0 }]);
    expect(steps).not.toContain("leave");
  });

  it("that stops with its worker is handed back, uncounted", async () => {
    const { settlement, waits } = await run({
      defender: failing("defender_unavailable", "stopped"),
      stopped: true,
    });
    expect(settlement).toEqual({ kind: "handed-back" });
    expect(waits).toEqual([{ status: "queued", waiting: null, attempts: 0 }]);
  });

  it("of an unknown action is refused", async () => {
    await expect(run({}, { ...JOB, action: "close" })).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("keeps the incident of a verdict in the result", async () => {
    const defender = new RecordingDefender({ id: "29", redirectIncidentId: "31" }, { id: "31" });
    const { finished } = await run({ defender });
    expect(finished).toMatchObject([
      { status: "failed", findings: { incident: { id: "31", requested_id: "29" } } },
    ]);
  });
});
