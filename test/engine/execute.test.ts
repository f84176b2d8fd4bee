/** The steps of one run. */
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { RecordingDefender } from "../actions/recording-defender.ts";
import { FRESH, failing, JOB, NOTE, runOnce, TURN } from "./run-once.ts";

describe("a run", () => {
  it("takes the record, waits for its turn, notes, sends, writes the result, and only then lets the next one go", async () => {
    const { settlement, steps, finished } = await runOnce();
    expect(steps).toEqual(["start", "turn", "send", "finish", "leave 29 as j1-1"]);
    expect(settlement).toEqual({ kind: "completed" });
    expect(finished).toMatchObject([{ status: "completed", attempts: 1, findings: { is_success: true } }]);
  });

  it("takes a write down before it leaves, with what is sent, and then what Defender answered", async () => {
    const { entries } = await runOnce({}, { ...JOB, caller: "siem", requested_by: "ada" });
    const whose = { via: "worker", caller: "siem", requested_by: "ada", job_id: "j1", incident_id: "29" };
    expect(entries).toMatchObject([
      { verb: "send", ...whose, method: "PATCH", body: { status: "resolved" } },
      { verb: "answer", ...whose, outcome: "ok", status: 200, request_id: "r1" },
    ]);
    expect(entries[0]).not.toHaveProperty("outcome");
  });

  it("takes a hunting query down, and no reading of an incident", async () => {
    const query = { case_id: "4711", query: "AlertInfo | take 1" };
    const hunt = await runOnce({}, { ...JOB, action: "execute_custom_query", input: query });
    expect(hunt.entries).toMatchObject([
      { verb: "send", body: { kql: expect.stringContaining("AlertInfo") } },
    ]);
    const ping = await runOnce({}, { ...JOB, action: "ping", input: { case_id: "4711" } });
    expect(ping.defender.callsOf("listIncidents")).toHaveLength(1);
    expect(ping.entries).toEqual([]);
  });

  it("sends nothing that cannot be taken down, and leaves no write open", async () => {
    const { defender, steps, entries } = await runOnce({ isTrailLost: true });
    expect(defender.callsOf("updateIncident")).toEqual([]);
    expect(steps).toContain("withdraw");
    expect(entries).toEqual([]);
  });

  it("takes down what it found of a write that was not answered", async () => {
    const started = [{ ...FRESH, note: NOTE }];
    const found = await runOnce({
      started,
      defender: new RecordingDefender({ id: "29", status: "resolved" }),
    });
    expect(found.entries).toMatchObject([{ verb: "verify", outcome: "found", incident_id: "29" }]);
    const absent = await runOnce({ started });
    expect(absent.entries.map(({ verb, outcome }) => [verb, outcome])).toEqual([
      ["verify", "absent"],
      ["send", undefined],
      ["answer", "ok"],
    ]);
  });

  it("of a job that is over calls nothing, and lets the next one go", async () => {
    for (const verdict of ["final", "stale"] as const) {
      const { settlement, steps, defender } = await runOnce({ started: [{ verdict }] });
      expect(settlement).toEqual({ kind: "over" });
      expect(steps).toEqual(["start", "leave 29 as j1-1"]);
      expect(defender.calls).toEqual([]);
    }
  });

  it("of a job whose record was lost makes a new one under the same generation", async () => {
    const { steps } = await runOnce({ started: [{ verdict: "missing" }, FRESH] }, { ...JOB, generation: 3 });
    expect(steps.slice(0, 3)).toEqual(["start", "create 3", "start"]);
  });

  it("whose turn it is not parks, at most until the job's end", async () => {
    const soon = await runOnce({ turnInMs: 5_000 });
    expect(soon.settlement).toEqual({ kind: "later", delayMs: 5_000, waitFor: "order", turn: TURN });
    expect(soon.waits).toEqual([
      { status: "queued", waiting: { for: "order", delayMs: 5_000 }, attempts: 0 },
    ]);
    expect((await runOnce({ turnInMs: 86_400_000 })).settlement).toMatchObject({ delayMs: 60_001 });
    expect(soon.defender.calls).toEqual([]);
  });

  it("past the job's end neither waits for its turn nor calls anything", async () => {
    const { settlement, steps, finished, defender } = await runOnce({
      started: [{ ...FRESH, isOver: true, nowMs: 60_000 }],
      turnInMs: 5_000,
    });
    expect(settlement).toMatchObject({ kind: "failed", failure: { code: "expired" } });
    expect(steps).toEqual(["start", "finish", "leave 29 as j1-1"]);
    expect(finished).toMatchObject([{ status: "failed", findings: { error: { code: "expired" } } }]);
    expect(defender.calls).toEqual([]);
  });

  it("past the job's end still finds out what became of a write that was sent", async () => {
    const { settlement, finished, defender } = await runOnce({
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
    const { settlement, steps, defender } = await runOnce({ send: "stale" });
    expect(settlement).toEqual({ kind: "taken" });
    expect(steps).toEqual(["start", "turn", "send"]);
    expect(defender.callsOf("updateIncident")).toEqual([]);
    expect((await runOnce({ finishes: false })).settlement).toEqual({ kind: "taken" });
  });

  it("of a job cancelled at the last moment sends nothing and leaves the result as it is", async () => {
    const { settlement, steps, defender } = await runOnce({ send: "cancelled", finishes: false });
    expect(settlement).toMatchObject({ kind: "failed", failure: { code: "cancelled" } });
    expect(steps.at(-1)).toBe("leave 29 as j1-1");
    expect(defender.callsOf("updateIncident")).toEqual([]);
  });

  it("that Defender refused takes its note back", async () => {
    const { steps, finished } = await runOnce({ defender: failing("permission_denied", "no role") });
    expect(steps).toEqual(["start", "turn", "send", "withdraw", "finish", "leave 29 as j1-1"]);
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
    const { settlement, steps, waits } = await runOnce({
      defender: failing("defender_unavailable", "no answer", { applied: "maybe" }),
    });
    expect(steps).toEqual(["start", "turn", "send", "wait"]);
    expect(settlement).toMatchObject({ kind: "later" });
    expect(waits).toMatchObject([{ status: "running", waiting: { for: "retry" }, attempts: 1 }]);
  });

  it("that could not verify its write at the last try ends as unknown, with the evidence", async () => {
    const defender = new RecordingDefender();
    defender.failures.set("followIncident", new Failure("defender_unavailable", "502"));
    const { finished } = await runOnce({
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
    expect((await runOnce({ defender: throttled })).settlement).toEqual({
      kind: "held",
      delayMs: 7_000,
      scope: "lane",
    });
    const full = failing("throttled", "full", { heldBack: "quota", retryAfterMs: 7_000 });
    const { settlement, waits, steps } = await runOnce({ defender: full });
    expect(settlement).toMatchObject({ kind: "held", scope: "priority" });
    expect(waits).toMatchObject([{ status: "queued", waiting: { for: "quota" }, attempts: 0 }]);
    expect(steps).not.toContain("leave 29 as j1-1");
  });

  it("that stops with its worker is handed back, uncounted", async () => {
    const { settlement, waits } = await runOnce({
      defender: failing("defender_unavailable", "stopped"),
      stopped: true,
    });
    expect(settlement).toEqual({ kind: "handed-back" });
    expect(waits).toEqual([{ status: "queued", waiting: null, attempts: 0 }]);
  });

  it("of an unknown action is refused", async () => {
    await expect(runOnce({}, { ...JOB, action: "close" })).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("keeps the incident of a verdict in the result", async () => {
    const defender = new RecordingDefender({ id: "29", redirectIncidentId: "31" }, { id: "31" });
    const { finished } = await runOnce({ defender });
    expect(finished).toMatchObject([
      { status: "failed", findings: { incident: { id: "31", requested_id: "29" } } },
    ]);
  });
});
